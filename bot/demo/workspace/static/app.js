/** Starts the page: one person, one stream of events, and the places they go to. */

import { addressAs, askedPerson, takePermalink } from "./address.js";
import { api } from "./api.js";
import { Composer } from "./composer.js";
import { Conversations } from "./conversations.js";
import { arrange, h } from "./dom.js";
import { Guide } from "./guide.js";
import { Modal } from "./modal.js";
import { appHead, channelHead, HomeTab } from "./pane.js";
import { toast } from "./popup.js";
import { renderSidebar } from "./sidebar.js";
import { Stream } from "./stream.js";
import { ThreadPane } from "./thread.js";
import { closeDrawer, drawYou, prepareTopbar } from "./topbar.js";
import { appConversation, channelTitle, learn, learnChannels, nameOf, people, visibleChannels, workspace } from "./workspace.js";

const BOOT_RETRY_MILLISECONDS = 2_000;

const place = (id) => document.getElementById(id);

const page = {
  key: null,
  stream: null,
  conversations: null,
  home: null,
  composers: new Map(),
  arrive: () => {},
  modal: new Modal(place("workspace"), { onSubmitted: submitted }),
  thread: new ThreadPane(place("thread"), { onAct: clicked }),
  guide: new Guide({
    onCommand: typeTheCommand,
    onBecome: become,
    onDirectMessages: () => go("dm"),
  }),
};

function clicked(element) {
  page.guide.clicked(element);
}

function submitted(view) {
  page.guide.submitted(view);
}

// ---- where the person is -------------------------------------------------------------------------------------

/** Opens a place by its key: a channel id, "dm" (with the app) or "home". The address carries it, for reloads. */
function go(key) {
  closeDrawer();
  if (location.hash === `#${key}`) show(key);
  else location.hash = key;
}

function firstKey() {
  const wanted = location.hash.slice(1);
  const channels = visibleChannels();
  if (["dm", "home"].includes(wanted) || channels.some((channel) => channel.id === wanted)) return wanted;
  return (channels.find((channel) => /approv/.test(channel.name)) ?? channels[0])?.id ?? "home";
}

function show(key) {
  if (key !== page.key) page.thread.close();
  page.key = key;
  const pane = { home: showHome, dm: showDirectMessages }[key] ?? (() => showChannel(workspace.channels.get(key)));
  pane();
  drawSidebar();
  drawTitle();
}

function showHome() {
  page.conversations.open = null;
  arrange(place("conversation"), [appHead("home", go), page.home.node]);
  api.home().then((answer) => answer.ok || toast(answer.error, "error"));
}

function showDirectMessages() {
  const channel = appConversation();
  const head = appHead("dm", go);
  if (channel) {
    showMessages(channel, head);
    noteGuidance();
    return;
  }
  page.conversations.open = null;
  const nothing = h("div", { class: "messages" }, h("p", { class: "empty" }, `${workspace.app.name} has not written to you yet.`));
  arrange(place("conversation"), [head, nothing]);
}

function showChannel(channel) {
  showMessages(channel, channelHead(channel), page.guide.node);
}

function showMessages(channel, ...above) {
  const list = page.conversations.list(channel.id);
  const isHere = list.node.isConnected;
  arrange(place("conversation"), [...above, list.node, composerFor(channel).node]);
  page.conversations.read(channel.id);
  if (!isHere) list.toEnd();
}

/** Each conversation keeps its composer, and so what was typed there. */
function composerFor(channel) {
  if (!page.composers.has(channel.id)) {
    const composer = new Composer({
      placeholder: `Message ${channel.is_im ? "" : "#"}${channelTitle(channel)}`,
      onSend: (text) => api.say(channel.id, text),
      onCommand: (command, text) => api.command(channel.id, command, text),
    });
    page.composers.set(channel.id, composer);
  }
  return page.composers.get(channel.id);
}

function typeTheCommand() {
  if (["dm", "home"].includes(page.key)) go(visibleChannels()[0].id);
  const channel = workspace.channels.get(page.key) ?? visibleChannels()[0];
  composerFor(channel).put(workspace.commands[0]?.command ?? "/failover");
}

function openThread(message) {
  page.thread.open(message);
  page.conversations.readThread(message);
  if (page.guide.state.requester) page.guide.note({ thread: true });
}

function noteGuidance() {
  const { requester, approver } = page.guide.state;
  const channel = appConversation();
  if (approver && requester === workspace.me && page.conversations.list(channel.id).count) page.guide.note({ guidance: true });
}

// ---- what stands around it -----------------------------------------------------------------------------------

function unreadKeys() {
  const conversation = appConversation();
  return new Set([...page.conversations.unread].map((id) => (id === conversation?.id ? "dm" : id)));
}

function drawSidebar() {
  renderSidebar(place("sidebar"), { current: page.key, unread: unreadKeys(), onOpen: go, onBecome: become, onClose: closeDrawer });
}

function drawTitle() {
  const where = { home: `${workspace.app.name} Home`, dm: workspace.app.name }[page.key] ?? `#${workspace.channels.get(page.key)?.name}`;
  const unread = page.conversations.unread.size;
  document.title = `${unread ? `(${unread}) ` : ""}${where} · ${nameOf(workspace.me)} · simulated workspace`;
}

// ---- what the server tells -----------------------------------------------------------------------------------

function messageArrived({ message }) {
  page.conversations.receive(message);
  page.thread.receive(message);
  if (page.key === "dm") noteGuidance();
}

function channelsChanged({ channels }) {
  const known = new Set(workspace.channels.keys());
  const hadConversation = Boolean(appConversation());
  learnChannels(channels);
  for (const channel of channels) if (!known.has(channel.id)) page.conversations.refresh(channel.id);
  if (page.key === "dm" && !hadConversation && appConversation()) show("dm");
  else drawSidebar();
}

const EVENTS = {
  message: messageArrived,
  message_changed: messageArrived,
  message_deleted: ({ channel, ts }) => {
    page.conversations.remove(channel, ts);
    page.thread.remove(channel, ts);
  },
  view: ({ view }) => page.modal.show(view),
  home: ({ view }) => page.home.show(view),
  channels: channelsChanged,
  notice: ({ level, text }) => toast(text, level),
};

function connectionChanged(state, seconds) {
  const banner = place("connection");
  banner.hidden = state !== "lost";
  if (state === "lost") {
    const retry = h("button", { type: "button", class: "button small", onclick: () => page.stream.retryNow() }, "Try now");
    banner.replaceChildren(`The connection to the workspace was lost. Trying again in ${seconds} s; nothing you see is thrown away. `, retry);
  }
  if (state === "open") catchUp();
}

/** Once the stream is open: fetches what it will not tell. The modal and the Home tab come with the stream itself. */
async function catchUp() {
  const boot = await api.boot();
  if (!boot.ok) return;
  learn(boot);
  if (!people().some((user) => user.id === workspace.me)) {
    become(people()[0].id);
    return;
  }
  show(firstKey());
  await Promise.all([page.conversations.load(), page.thread.refresh()]);
  page.arrive();
  page.arrive = () => {};
}

// ---- who the person is ---------------------------------------------------------------------------------------

function become(userId) {
  closeDrawer();
  page.stream?.stop();
  page.modal.hide();
  page.thread.close();
  workspace.me = userId;
  history.replaceState(null, "", addressAs(userId));
  page.home = new HomeTab({ onAct: clicked });
  page.conversations = new Conversations({
    onThread: openThread,
    onAct: clicked,
    onUnread: () => {
      drawSidebar();
      drawTitle();
    },
    isRead: (message) => page.thread.shows(message),
  });
  drawYou();
  page.guide.render();
  show(firstKey());
  page.stream = new Stream(userId, { onEvent: (event) => EVENTS[event.type]?.(event), onState: connectionChanged });
}

async function start() {
  const boot = await api.boot();
  if (!boot.ok) {
    connectionBroken(boot.error);
    return;
  }
  place("connection").hidden = true;
  learn(boot);
  const target = takePermalink();
  page.arrive = () => target && page.conversations.list(target.channel).reveal(target.ts);
  become(askedPerson());
}

function connectionBroken(sentence) {
  place("connection").replaceChildren(sentence);
  place("connection").hidden = false;
  setTimeout(start, BOOT_RETRY_MILLISECONDS);
}

prepareTopbar({ onBecome: become, onGuide: () => page.guide.note({ hidden: !page.guide.isHidden }) });
window.addEventListener("hashchange", () => page.conversations && show(firstKey()));
window.addEventListener("online", () => page.stream?.retryNow());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && page.conversations?.open) page.conversations.read(page.conversations.open);
});
start();
