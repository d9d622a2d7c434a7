/** The message lists of one person: loaded once, then kept in step by events, with a memory of what was read. */

import { api } from "./api.js";
import { MessageList } from "./messages.js";
import { toast } from "./popup.js";
import { appConversation, channelTitle, visibleChannels, workspace } from "./workspace.js";

export function isReply(message) {
  return Boolean(message.thread_ts) && message.thread_ts !== message.ts;
}

function storedMarks() {
  try {
    return JSON.parse(sessionStorage.getItem(`read:${workspace.me}`)) ?? {};
  } catch {
    return {};
  }
}

export class Conversations {
  #lists = new Map();
  #marks = storedMarks();

  /** `onThread(message)`, `onAct(element)`, `onUnread()` when the set of unread conversations changed, `isRead(message)`. */
  constructor(hooks) {
    this.hooks = hooks;
    this.unread = new Set();
  }

  list(channelId) {
    if (!this.#lists.has(channelId)) this.#lists.set(channelId, this.#create(channelId));
    return this.#lists.get(channelId);
  }

  #create(channelId) {
    const channel = workspace.channels.get(channelId);
    const name = channel ? channelTitle(channel) : channelId;
    const empty = channel?.is_im ? `Nothing here yet. What ${name} has to tell only you will stand here.` : `This is the very beginning of #${name}.`;
    return new MessageList({ label: `Messages in ${name}`, empty, onThread: this.hooks.onThread, onAct: this.hooks.onAct });
  }

  /** Everything this person can see, so that switching is instant and unread dots are true from the start. */
  async load() {
    const mine = [...visibleChannels(), appConversation()].filter(Boolean);
    await Promise.all(mine.map((channel) => this.refresh(channel.id)));
  }

  async refresh(channelId) {
    const list = this.list(channelId);
    const { mark } = list;
    const answer = await api.messages(channelId);
    if (!answer.ok) return toast(answer.error, "error");
    list.replace(answer.messages.filter((message) => !isReply(message)), mark);
    return this.#judge(channelId, list.latest);
  }

  receive(message) {
    const list = this.list(message.channel);
    if (isReply(message)) return list.replied(message.thread_ts, !message.ephemeral && message.user !== workspace.me && !this.hooks.isRead(message));
    list.upsert(message);
    return this.#judge(message.channel, message);
  }

  remove(channelId, ts) {
    this.list(channelId).remove(ts);
  }

  /** Somebody opened this thread. */
  readThread(message) {
    this.list(message.channel).replied(message.thread_ts ?? message.ts, false);
  }

  /** A conversation that is on the screen is read. */
  read(channelId) {
    this.open = channelId;
    const { latest } = this.list(channelId);
    if (latest) this.#marks[channelId] = latest.ts;
    sessionStorage.setItem(`read:${workspace.me}`, JSON.stringify(this.#marks));
    if (this.unread.delete(channelId)) this.hooks.onUnread();
  }

  #judge(channelId, message) {
    if (!message) return;
    if (channelId === this.open && !document.hidden) this.read(channelId);
    else if (message.user !== workspace.me && message.ts > (this.#marks[channelId] ?? "")) {
      this.unread.add(channelId);
      this.hooks.onUnread();
    }
  }
}
