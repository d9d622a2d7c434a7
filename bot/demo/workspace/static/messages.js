/** One list of messages, kept in step with the server by small changes: a new message never redraws the others. */

import { avatar } from "./avatar.js";
import { h, icon, iconButton } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { Surface } from "./surface.js";
import { briefTime, clockTime, dateOf, dayTitle, fullTime, sameDay } from "./times.js";
import { isApp, nameOf } from "./workspace.js";

const SAME_BREATH_MILLISECONDS = 5 * 60_000;
const NEAR_THE_END_PIXELS = 80;

function order(one, other) {
  return Number(one.split(".")[0]) - Number(other.split(".")[0]) || Number(one.split(".")[1] ?? 0) - Number(other.split(".")[1] ?? 0);
}

export class MessageList {
  #items = [];
  #byTs = new Map();
  #changes = 0;

  /** `onThread(message)` opens a thread (null inside a thread), `onAct(element)` hears of clicks. */
  constructor({ label, empty, onThread = null, onAct = () => {} }) {
    Object.assign(this, { onThread, onAct });
    this.log = h("div", { class: "log", role: "log", "aria-label": label });
    this.empty = h("div", { class: "empty" }, empty);
    this.newer = h("button", { type: "button", class: "newer", hidden: true, onclick: () => this.toEnd() }, "New messages", icon("arrowDown"));
    this.scroller = h("div", { class: "scroller", tabindex: "0", onscroll: () => this.#scrolled() }, this.empty, this.log);
    this.node = h("div", { class: "messages" }, this.scroller, this.newer);
    this.atEnd = true;
    const follow = new ResizeObserver(() => this.atEnd && this.toEnd());
    follow.observe(this.log);
    follow.observe(this.scroller);
  }

  get latest() {
    return this.#items.at(-1)?.message;
  }

  get count() {
    return this.#items.length;
  }

  /** A point in time to give to `replace`, taken before the server is asked. */
  get mark() {
    return this.#changes;
  }

  /** Makes the list equal to what the server had, except for messages about which we heard later than `mark`. */
  replace(messages, mark) {
    const current = new Set(messages.map((message) => message.ts));
    const isNewer = (ts) => this.#byTs.get(ts)?.changedAt > mark;
    for (const { message } of [...this.#items]) if (!current.has(message.ts) && !isNewer(message.ts)) this.remove(message.ts);
    for (const message of messages) if (!isNewer(message.ts)) this.upsert(message);
  }

  /** Adds the message or redraws it in place. */
  upsert(message) {
    const known = this.#byTs.get(message.ts);
    if (known) this.#change(known, message);
    else this.#insert(message);
    this.#changes += 1;
    this.#byTs.get(message.ts).changedAt = this.#changes;
  }

  /** Brings one message into sight, as a permalink does. */
  reveal(ts) {
    const item = this.#byTs.get(ts);
    if (!item) return;
    this.atEnd = false;
    item.node.scrollIntoView({ block: "center" });
    item.node.classList.add("revealed");
  }

  remove(ts) {
    const item = this.#byTs.get(ts);
    if (!item) return;
    const index = this.#items.indexOf(item);
    this.#items.splice(index, 1);
    this.#byTs.delete(ts);
    item.node.remove();
    item.divider?.remove();
    this.#settle(index);
    this.empty.hidden = this.count > 0;
  }

  /** Marks a thread that has something new; its number of replies comes with the parent's own change. */
  replied(ts, fresh) {
    const item = this.#byTs.get(ts);
    if (!item) return;
    item.freshReplies = fresh;
    this.#drawReplies(item);
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.atEnd = true;
    this.newer.hidden = true;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PIXELS;
    if (this.atEnd) this.newer.hidden = true;
  }

  #insert(message) {
    let index = this.#items.length;
    while (index > 0 && order(this.#items[index - 1].message.ts, message.ts) > 0) index -= 1;
    const item = this.#draw(message);
    const next = this.#items[index];
    this.#items.splice(index, 0, item);
    this.#byTs.set(message.ts, item);
    this.log.insertBefore(item.node, next?.divider ?? next?.node ?? null);
    this.#settle(index);
    this.#settle(index + 1);
    this.empty.hidden = true;
    if (!this.atEnd) this.newer.hidden = false;
  }

  #change(item, message) {
    const source = JSON.stringify(message);
    if (source === item.source) return;
    Object.assign(item, { source, message, freshReplies: item.freshReplies && message.reply_count > 0 });
    this.#drawBody(item);
    this.#drawReplies(item);
  }

  #draw(message) {
    const surface = new Surface({ type: "message", channel: message.channel, ts: message.ts }, { onAct: this.onAct });
    const item = { message, surface, source: JSON.stringify(message), body: h("div", { class: "body" }), replies: h("div", { class: "replies" }) };
    item.node = this.#frame(item);
    this.#drawBody(item);
    this.#drawReplies(item);
    return item;
  }

  #frame({ message, body, replies }) {
    const date = dateOf(message.ts);
    const name = nameOf(message.user);
    const time = (className, shown) => h("time", { class: className, datetime: date.toISOString(), title: fullTime(date) }, shown);
    const reply = this.onThread && !message.ephemeral && iconButton("message", "Reply in thread", () => this.onThread(message));
    return h(
      "article",
      { class: `message${message.ephemeral ? " ephemeral" : ""}`, "data-ts": message.ts, "aria-label": `${name} at ${clockTime(date)}` },
      message.ephemeral && h("p", { class: "only-you" }, icon("eye"), "Only visible to you"),
      h("div", { class: "gutter" }, avatar(message.user), time("gutter-time", briefTime(date))),
      h(
        "div",
        { class: "content" },
        h("p", { class: "meta" }, h("strong", {}, name), isApp(message) && h("span", { class: "badge" }, "APP"), time("meta-time", clockTime(date))),
        body,
        replies,
      ),
      reply && h("div", { class: "tools" }, reply),
    );
  }

  #drawBody({ message, surface, body }) {
    const edited = message.edited && h("span", { class: "edited", title: fullTime(dateOf(message.edited.ts ?? message.ts)) }, "(edited)");
    if (message.deleted || !message.blocks?.length) {
      body.replaceChildren(h("div", { class: message.deleted ? "tombstone" : "text" }, mrkdwn(message.text ?? ""), edited && [" ", edited]));
      return;
    }
    surface.render(message.blocks);
    if (surface.node.parentNode !== body) body.replaceChildren(surface.node);
    body.querySelector(":scope > .edited")?.remove();
    if (edited) body.append(edited);
  }

  #drawReplies({ message, replies, freshReplies }) {
    const count = message.reply_count ?? 0;
    if (!this.onThread || !count) {
      replies.replaceChildren();
      return;
    }
    const words = `${count} ${count === 1 ? "reply" : "replies"}`;
    replies.replaceChildren(
      h(
        "button",
        { type: "button", class: freshReplies ? "reply-count fresh" : "reply-count", onclick: () => this.onThread(message) },
        icon("message"),
        h("strong", {}, words),
        h("span", {}, freshReplies ? "New, view thread" : "View thread"),
      ),
    );
  }

  /** Whether the message at `index` opens a new day, or continues what its author just said. */
  #settle(index) {
    const item = this.#items[index];
    if (!item) return;
    const before = this.#items[index - 1]?.message;
    const date = dateOf(item.message.ts);
    const newDay = !before || !sameDay(dateOf(before.ts), date);
    if (newDay && !item.divider) {
      item.divider = h("div", { class: "day", role: "separator" }, h("span", {}, dayTitle(date)));
      this.log.insertBefore(item.divider, item.node);
    } else if (!newDay && item.divider) {
      item.divider.remove();
      item.divider = null;
    }
    item.node.classList.toggle("continued", !newDay && continues(before, item.message));
  }
}

function continues(before, message) {
  const close = dateOf(message.ts) - dateOf(before.ts) < SAME_BREATH_MILLISECONDS;
  return close && before.user === message.user && !before.ephemeral && !message.ephemeral;
}
