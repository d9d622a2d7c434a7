/** The left bar: the workspace, its conversations, and who is sitting in front of it. */

import { addressAs } from "./address.js";
import { avatar } from "./avatar.js";
import { h, icon, iconButton } from "./dom.js";
import { nameOf, people, visibleChannels, workspace } from "./workspace.js";

function entry({ key, glyph, name, unread, current, onopen }) {
  const label = unread ? `${name}, unread` : null;
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: `entry${unread ? " unread" : ""}`, "data-key": key, "aria-current": current ? "page" : null, "aria-label": label, onclick: onopen },
      glyph,
      h("span", { class: "entry-name" }, name),
      unread && h("span", { class: "dot", "aria-hidden": "true" }),
    ),
  );
}

function group(title, entries) {
  return h("section", {}, h("h2", {}, title), h("ul", {}, entries));
}

function personEntry(user, onBecome) {
  const mine = user.id === workspace.me;
  const label = `Open a second window as ${nameOf(user.id)}`;
  return h(
    "li",
    { class: "person" },
    h(
      "button",
      { type: "button", class: "entry person-button", "data-person": user.id, "aria-pressed": String(mine), onclick: () => onBecome(user.id) },
      avatar(user.id),
      h("span", { class: "person-words" }, h("span", { class: "entry-name" }, nameOf(user.id)), h("small", {}, user.title || "Member")),
      mine && icon("check"),
    ),
    h("a", { class: "icon-button", href: addressAs(user.id).href, target: "_blank", rel: "noopener", "aria-label": label, title: label }, icon("outside")),
  );
}

/** `state`: { current, unread: Set, onOpen(key), onBecome(userId), onClose() }. Keys are channel ids, "dm" and "home". */
export function renderSidebar(node, state) {
  const focused = node.contains(document.activeElement) ? document.activeElement.dataset : null;
  const place = (key, glyph, name) =>
    entry({ key, glyph, name, unread: state.unread.has(key), current: key === state.current, onopen: () => state.onOpen(key) });
  const channels = visibleChannels().map((channel) => place(channel.id, icon(channel.is_private ? "lock" : "hash"), channel.name));
  node.replaceChildren(
    h("div", { class: "workspace-name" }, h("h1", {}, workspace.team.name), iconButton("close", "Close the list", state.onClose, { class: "icon-button drawer-close" })),
    h(
      "div",
      { class: "places" },
      group("Channels", channels),
      group("Direct messages", [place("dm", avatar(workspace.app.bot_user_id), workspace.app.name)]),
      group("Apps", [place("home", icon("home"), `${workspace.app.name} Home`)]),
    ),
    h(
      "section",
      { class: "people", "aria-label": "Who you are" },
      h("h2", {}, "You are: ", h("b", {}, nameOf(workspace.me))),
      h("ul", {}, people().map((user) => personEntry(user, state.onBecome))),
      h("p", { class: "people-hint" }, "Click a person to become them. ", icon("outside"), " opens a second window."),
    ),
  );
  if (focused?.person) node.querySelector(`[data-person="${CSS.escape(focused.person)}"]`)?.focus();
  if (focused?.key) node.querySelector(`[data-key="${CSS.escape(focused.key)}"]`)?.focus();
}
