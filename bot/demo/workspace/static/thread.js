/** The right pane: one thread, live. */

import { api } from "./api.js";
import { Composer } from "./composer.js";
import { h, iconButton } from "./dom.js";
import { MessageList } from "./messages.js";
import { toast } from "./popup.js";
import { channelTitle, workspace } from "./workspace.js";

export class ThreadPane {
  #list = null;
  #returnFocus = null;

  constructor(node, { onAct }) {
    Object.assign(this, { node, onAct, channel: null, ts: null });
    node.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) this.close();
    });
  }

  async open(message) {
    const ts = message.thread_ts ?? message.ts;
    if (this.ts !== ts) this.#build(message.channel, ts);
    this.#list.upsert(message);
    await this.refresh();
    this.#list?.toEnd();
  }

  #build(channelId, ts) {
    this.#returnFocus = document.activeElement;
    Object.assign(this, { channel: channelId, ts });
    this.#list = new MessageList({ label: "Thread", empty: "", onAct: this.onAct });
    const composer = new Composer({ placeholder: "Reply…", onSend: (text) => api.say(channelId, text, ts) });
    const close = iconButton("close", "Close the thread", () => this.close());
    const channel = workspace.channels.get(channelId);
    const place = `${channel.is_im ? "" : "#"}${channelTitle(channel)}`;
    this.node.replaceChildren(h("header", { class: "pane-head" }, h("div", {}, h("h2", {}, "Thread"), h("small", {}, place)), close), this.#list.node, composer.node);
    this.node.hidden = false;
    document.body.classList.add("with-thread");
    close.focus();
  }

  async refresh() {
    if (!this.ts) return;
    const { ts } = this;
    const { mark } = this.#list;
    const answer = await api.messages(this.channel, ts);
    if (this.ts !== ts) return;
    if (answer.ok) this.#list.replace(answer.messages, mark);
    else toast(answer.error, "error");
  }

  /** Whether this message stands in the thread that is open. */
  shows(message) {
    return Boolean(this.ts) && message.channel === this.channel && this.ts === (message.thread_ts ?? message.ts);
  }

  receive(message) {
    if (this.shows(message)) this.#list.upsert(message);
  }

  remove(channelId, ts) {
    if (channelId !== this.channel) return;
    if (ts === this.ts) this.close();
    else this.#list?.remove(ts);
  }

  close() {
    if (!this.ts) return;
    Object.assign(this, { channel: null, ts: null });
    this.#list = null;
    this.node.replaceChildren();
    this.node.hidden = true;
    document.body.classList.remove("with-thread");
    this.#returnFocus?.focus?.();
  }
}
