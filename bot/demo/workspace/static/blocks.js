/** Draws Block Kit blocks (https://docs.slack.dev/reference/block-kit/blocks). */

import { h, uniqueId } from "./dom.js";
import { renderElement } from "./elements.js";
import { plainText, textObject } from "./mrkdwn.js";
import { richText, tableCell } from "./richtext.js";

/** Only pictures that are already on this machine are loaded: nothing leaves it. */
export function picture(address, description, className) {
  const local = /^data:image\//.test(address ?? "") || new URL(address ?? "", location.href).origin === location.origin;
  if (local) return h("img", { class: className, src: address, alt: description });
  return h("span", { class: `${className} picture-not-loaded`, role: "img", "aria-label": description, title: address }, description || "image");
}

function header(block) {
  return h("h3", { class: "block header" }, textObject(block.text));
}

function section(block, surface) {
  return h(
    "div",
    { class: "block section" },
    h(
      "div",
      { class: "section-text" },
      block.text && h("div", { class: "text" }, textObject(block.text)),
      block.fields && h("div", { class: "fields" }, block.fields.map((field) => h("div", { class: "text" }, textObject(field)))),
    ),
    block.accessory && h("div", { class: "accessory" }, renderElement(block.accessory, block, surface)),
  );
}

function context(block) {
  const parts = block.elements.map((element) =>
    element.type === "image"
      ? picture(element.image_url, element.alt_text, "context-image")
      : h("span", { class: "text" }, textObject(element)),
  );
  return h("div", { class: "block context" }, parts);
}

function actions(block, surface) {
  return h("div", { class: "block actions" }, block.elements.map((element) => renderElement(element, block, surface)));
}

function image(block) {
  const title = block.title && h("figcaption", {}, textObject(block.title));
  return h("figure", { class: "block image" }, title, picture(block.image_url, block.alt_text, "block-image"));
}

/** A labelled input that can show an error under itself (`node.showError(text)`, null clears it). */
function input(block, surface) {
  const hint = uniqueId("hint");
  const error = h("p", { class: "input-error", id: uniqueId("error"), role: "alert" });
  const field = renderElement(block.element, block, surface);
  const described = `${block.hint ? `${hint} ` : ""}${error.id}`;
  for (const control of field.querySelectorAll("input, textarea")) control.setAttribute("aria-describedby", described);
  const node = h(
    "div",
    { class: "block input" },
    h("span", { class: "label" }, plainText(block.label), block.optional && h("span", { class: "optional" }, " (optional)")),
    field,
    error,
    block.hint && h("p", { class: "hint", id: hint }, textObject(block.hint)),
  );
  node.showError = (text) => {
    error.replaceChildren(text ?? "");
    node.classList.toggle("invalid", Boolean(text));
    for (const control of field.querySelectorAll("input, textarea")) control.setAttribute("aria-invalid", String(Boolean(text)));
  };
  return node;
}

function table(block) {
  const cell = (content, index, tag) => {
    const settings = block.column_settings?.[index];
    const align = ["center", "right"].includes(settings?.align) ? settings.align : "left";
    return h(tag, { class: `${align}${settings?.is_wrapped ? " wrapped" : ""}`, scope: tag === "th" ? "col" : null }, tableCell(content));
  };
  const row = (cells, tag) => h("tr", {}, cells.map((content, index) => cell(content, index, tag)));
  const [head, ...body] = block.rows;
  return h(
    "div",
    { class: "block table", tabindex: "0", role: "region", "aria-label": "Table" },
    h("table", {}, h("thead", {}, row(head, "th")), h("tbody", {}, body.map((cells) => row(cells, "td")))),
  );
}

function unsupported(block) {
  return h("div", { class: "block unsupported" }, `unsupported block: ${block.type}`);
}

const BLOCKS = {
  header,
  section,
  context,
  actions,
  image,
  input,
  table,
  divider: () => h("hr", { class: "block divider" }),
  rich_text: (block) => h("div", { class: "block rich-text" }, richText(block.elements)),
};

export function renderBlock(block, surface) {
  const draw = Object.hasOwn(BLOCKS, block.type) ? BLOCKS[block.type] : unsupported;
  return draw(block, surface);
}
