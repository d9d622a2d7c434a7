/** A searchable select. One widget serves static, external, user, channel and multi selects. */

import { debounce, h, icon, iconButton, uniqueId } from "./dom.js";
import { plainText, textObject } from "./mrkdwn.js";
import { openPopup, place } from "./popup.js";

const QUIET_MILLISECONDS = 200;

/** A `source(query)` over options that are already here; groups keep only what matches. */
export function localSource({ options, option_groups: groups }) {
  const matching = (list, query) => list.filter((option) => plainText(option.text).toLowerCase().includes(query.toLowerCase()));
  return async (query) => {
    if (!groups) return { options: matching(options ?? [], query) };
    return { option_groups: groups.map((group) => ({ ...group, options: matching(group.options, query) })) };
  };
}

export class Combobox {
  #close = null;
  #asked = 0;
  #active = -1;
  #shown = [];

  /** `settings`: label, placeholder, minimum (characters before searching), remote, multiple, chosen (array). */
  constructor(settings, source, onChange) {
    Object.assign(this, { settings, source, onChange, chosen: [...(settings.chosen ?? [])] });
    this.listId = uniqueId("list");
    this.input = this.#buildInput();
    this.chips = h("span", { class: "chips" });
    this.list = h("div", { class: "popup listbox", role: "listbox", id: this.listId, "aria-label": settings.label });
    this.node = h("div", { class: "combobox" }, this.chips, this.input, icon("down"));
    this.search = debounce(() => this.#load(), settings.remote ? QUIET_MILLISECONDS : 0);
    this.#showChosen();
  }

  #buildInput() {
    return h("input", {
      type: "text",
      role: "combobox",
      autocomplete: "off",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.listId,
      "aria-label": this.settings.label,
      placeholder: this.settings.placeholder,
      oninput: () => this.#typed(),
      onclick: () => this.#open(),
      onkeydown: (event) => this.#key(event),
      onblur: () => this.#left(),
    });
  }

  #typed() {
    this.#open();
    this.search();
  }

  #left() {
    // A click on an option blurs the field first; the list prevents that, so a blur here really is leaving.
    this.#dismiss();
    this.#showChosen();
  }

  #open() {
    if (this.#close) return;
    this.input.select();
    this.input.setAttribute("aria-expanded", "true");
    this.#close = openPopup(this.node, this.list, () => this.#closed());
    this.list.onpointerdown = (event) => event.preventDefault();
    this.#load(true);
  }

  #closed() {
    this.#close = null;
    this.#active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #dismiss() {
    this.#close?.();
  }

  /** What the person is searching for; the name of the present choice is not a search. */
  #query(justOpened) {
    return justOpened && this.chosen.length && !this.settings.multiple ? "" : this.input.value.trim();
  }

  async #load(justOpened = false) {
    const query = this.#query(justOpened);
    const minimum = this.settings.minimum ?? 0;
    this.#asked += 1;
    const asked = this.#asked;
    if (query.length < minimum) return this.#say(`Type at least ${minimum} character${minimum === 1 ? "" : "s"} to search`);
    if (this.settings.remote && !this.#shown.length) this.#say("Searching…");
    const answer = await this.source(query);
    if (asked !== this.#asked || !this.#close) return undefined;
    if (answer.error) return this.#say(`The search failed (${answer.error}). Type again to retry.`);
    return this.#show(answer);
  }

  #say(text) {
    this.#shown = [];
    this.list.replaceChildren(h("p", { class: "list-note", role: "status" }, text));
    place(this.node, this.list);
  }

  #show({ options, option_groups: groups }) {
    this.#shown = [];
    const parts = groups
      ? groups.filter((group) => group.options.length).map((group) => this.#group(group))
      : (options ?? []).map((option) => this.#option(option));
    if (!this.#shown.length) return this.#say("No results");
    this.list.replaceChildren(...parts);
    place(this.node, this.list);
    return this.#activate(0);
  }

  #group(group) {
    const id = uniqueId("group");
    const options = group.options.map((option) => this.#option(option));
    return h("div", { role: "group", "aria-labelledby": id }, h("div", { class: "list-group", id }, plainText(group.label)), options);
  }

  #option(option) {
    const selected = this.chosen.some((other) => other.value === option.value);
    const node = h(
      "div",
      { class: "list-option", role: "option", id: uniqueId("option"), "aria-selected": String(selected), onclick: () => this.#pick(option) },
      h("span", {}, textObject(option.text)),
      option.description && h("small", {}, textObject(option.description)),
    );
    this.#shown.push({ option, node });
    return node;
  }

  #activate(index) {
    this.#shown[this.#active]?.node.classList.remove("active");
    this.#active = (index + this.#shown.length) % this.#shown.length;
    const { node } = this.#shown[this.#active];
    node.classList.add("active");
    node.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", node.id);
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !this.#close) this.#open();
    else if (step && this.#shown.length) this.#activate(this.#active + step);
    else if (event.key === "Enter" && this.#close && this.#shown[this.#active]) this.#pick(this.#shown[this.#active].option);
    else if (event.key === "Escape" && this.#close) this.#dismiss();
    else if (event.key === "Backspace" && !this.input.value && this.settings.multiple) this.#drop(this.chosen.at(-1));
    else if (event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
  }

  #pick(option) {
    if (!this.settings.multiple) this.chosen = [option];
    else if (!this.chosen.some((other) => other.value === option.value)) this.chosen.push(option);
    this.#dismiss();
    this.#showChosen();
    this.onChange(this.chosen, option);
  }

  #drop(option) {
    if (!option) return;
    this.chosen = this.chosen.filter((other) => other.value !== option.value);
    this.#showChosen();
    this.onChange(this.chosen, null);
  }

  #showChosen() {
    if (!this.settings.multiple) {
      this.input.value = this.chosen.length ? plainText(this.chosen[0].text) : "";
      return;
    }
    this.input.value = "";
    this.chips.replaceChildren(...this.chosen.map((option) => this.#chip(option)));
  }

  #chip(option) {
    const name = plainText(option.text);
    return h("span", { class: "chip" }, name, iconButton("close", `Remove ${name}`, () => this.#drop(option)));
  }
}
