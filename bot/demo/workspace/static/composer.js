/** Where a person types: messages, and slash commands with completion. */

import { api } from "./api.js";
import { h, icon, iconButton, uniqueId } from "./dom.js";
import { openMenu, openPopup, toast } from "./popup.js";
import { workspace } from "./workspace.js";

export class Composer {
  #matches = [];
  #active = 0;
  #close = null;

  /** `onSend(text)`, `onCommand(command, text)`: promises of `{ ok, error? }`; no `onCommand` means a thread. */
  constructor({ placeholder, onSend, onCommand = null }) {
    Object.assign(this, { onSend, onCommand });
    this.listId = uniqueId("commands");
    this.field = h("textarea", {
      rows: "1",
      placeholder,
      role: "combobox",
      "aria-label": placeholder,
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.listId,
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#key(event),
      onblur: () => this.#close?.(),
    });
    this.list = h("div", { class: "popup listbox commands", role: "listbox", id: this.listId, "aria-label": "Commands" });
    this.list.onpointerdown = (event) => event.preventDefault();
    this.button = h("button", { type: "button", class: "send", "aria-label": "Send", disabled: true, onclick: () => this.send() }, icon("send"));
    this.hint = h("p", { class: "composer-hint" }, onCommand ? "Enter sends, Shift + Enter starts a new line, / lists the commands" : "Enter sends, Shift + Enter starts a new line");
    this.box = h("div", { class: "composer" }, onCommand && shortcutsButton(), this.field, this.button);
    this.node = h("div", { class: "composer-area" }, this.box, this.hint);
  }

  put(text) {
    this.field.value = text;
    this.field.focus();
    this.#typed();
  }

  #typed() {
    this.button.disabled = !this.field.value.trim();
    this.field.style.setProperty("--lines", String(Math.min(8, this.field.value.split("\n").length)));
    const typed = this.field.value;
    this.#matches = this.onCommand && /^\/\S*$/.test(typed) ? workspace.commands.filter((entry) => entry.command.startsWith(typed)) : [];
    if (!this.#matches.length) this.#close?.();
    else this.#offer();
  }

  #offer() {
    this.list.replaceChildren(
      h("div", { class: "list-group" }, "Commands"),
      ...this.#matches.map((entry, index) =>
        h(
          "div",
          { class: "list-option", role: "option", id: `${this.listId}-${index}`, "aria-selected": "false", onclick: () => this.#complete(entry) },
          h("span", {}, h("strong", {}, entry.command), entry.usage_hint && ` ${entry.usage_hint}`),
          entry.description && h("small", {}, entry.description),
        ),
      ),
    );
    if (!this.#close) {
      this.#close = openPopup(this.box, this.list, () => this.#closed());
      this.field.setAttribute("aria-expanded", "true");
    }
    this.#activate(0);
  }

  #closed() {
    this.#close = null;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  #activate(index) {
    const options = [...this.list.querySelectorAll("[role=option]")];
    this.#active = (index + options.length) % options.length;
    options.forEach((option, position) => {
      option.classList.toggle("active", position === this.#active);
      option.setAttribute("aria-selected", String(position === this.#active));
    });
    this.field.setAttribute("aria-activedescendant", options[this.#active].id);
  }

  #complete(entry) {
    this.#close?.();
    this.put(`${entry.command} `);
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const offered = this.#close && this.#matches[this.#active];
    if (step && this.#close) this.#activate(this.#active + step);
    else if (event.key === "Tab" && offered) this.#complete(offered);
    else if (event.key === "Escape" && this.#close) this.#close();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.#enter(offered);
    else return;
    event.preventDefault();
  }

  #enter(offered) {
    if (offered && offered.command !== this.field.value) this.#complete(offered);
    else this.send();
  }

  async send() {
    const text = this.field.value.trim();
    if (!text || this.box.classList.contains("busy")) return;
    this.#close?.();
    this.put("");
    this.box.classList.add("busy");
    const failure = await this.#deliver(text);
    this.box.classList.remove("busy");
    if (!failure) return;
    if (!this.field.value) this.put(text);
    toast(failure, "error");
  }

  /** What to tell the person when it did not work, in the words Slack uses; null when it did. */
  async #deliver(text) {
    const [command, ...rest] = text.split(" ");
    if (!/^\/[a-z]/i.test(command)) return told(await this.onSend(text));
    if (!this.onCommand) return `${command} is not supported in threads. Type it in the channel instead.`;
    if (!workspace.commands.some((entry) => entry.command === command)) return `${command} is not a valid command here.`;
    const answer = await this.onCommand(command, rest.join(" ").trim());
    return answer.ok ? null : `${command} failed with the error ${answer.error}`;
  }
}

/** The app's global shortcuts, where Slack has its lightning bolt. */
function shortcutsButton() {
  if (!workspace.shortcuts.length) return null;
  const run = async (shortcut) => {
    const answer = await api.shortcut(shortcut.callback_id);
    if (!answer.ok) toast(`"${shortcut.name}" failed with the error ${answer.error}`, "error");
  };
  const items = workspace.shortcuts.map((shortcut) => ({ label: shortcut.name, detail: workspace.app.name, onselect: () => run(shortcut) }));
  return iconButton("bolt", "Shortcuts", (event) => openMenu(event.currentTarget, items, "Shortcuts"), { "aria-haspopup": "menu" });
}

function told(answer) {
  return answer.ok ? null : answer.error;
}
