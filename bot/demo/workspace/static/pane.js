/** The middle of the page: a channel, the app's messages, or the app's Home tab. */

import { avatar } from "./avatar.js";
import { h, icon } from "./dom.js";
import { Surface } from "./surface.js";
import { channelTitle, workspace } from "./workspace.js";

function tabs(current, onOpen) {
  const tab = (key, label) => h("button", { type: "button", class: "tab", "aria-current": key === current ? "page" : null, onclick: () => onOpen(key) }, label);
  return h("div", { class: "tabs" }, tab("home", "Home"), tab("dm", "Messages"));
}

export function appHead(current, onOpen) {
  return h(
    "header",
    { class: "pane-head" },
    avatar(workspace.app.bot_user_id),
    h("div", {}, h("h2", {}, workspace.app.name, h("span", { class: "badge" }, "APP")), h("small", {}, current === "dm" ? "Only you and the app read this" : "What the app shows you")),
    tabs(current, onOpen),
  );
}

export function channelHead(channel) {
  const count = channel.members.length;
  return h(
    "header",
    { class: "pane-head" },
    icon(channel.is_private ? "lock" : "hash"),
    h("div", {}, h("h2", {}, channelTitle(channel)), channel.topic && h("small", {}, channel.topic)),
    h("span", { class: "members" }, `${count} ${count === 1 ? "member" : "members"}`),
  );
}

/** The Home tab of one person. */
export class HomeTab {
  constructor({ onAct }) {
    this.surface = new Surface({ type: "home" }, { onAct });
    this.note = h("p", { class: "empty" }, "The app has not published a Home tab for you yet.");
    this.node = h("div", { class: "scroller home", tabindex: "0" }, this.note, this.surface.node);
  }

  show(view) {
    this.note.hidden = Boolean(view);
    this.surface.render(view?.blocks ?? []);
  }
}
