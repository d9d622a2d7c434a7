/** Draws `rich_text` blocks and the cells of tables (https://docs.slack.dev/reference/block-kit/blocks/rich-text-block). */

import { h } from "./dom.js";
import { emojiCharacter } from "./emoji.js";
import { channelMention, dateNode, link, mention, userMention } from "./mrkdwn.js";

const STYLES = { bold: "strong", italic: "em", strike: "s", code: "code" };

function styled(node, style = {}) {
  return Object.entries(STYLES).reduce((inner, [name, tag]) => (style[name] ? h(tag, {}, inner) : inner), node);
}

const INLINE = {
  text: (element) => element.text,
  link: (element) => link(element.url, element.text ?? element.url),
  user: (element) => userMention(element.user_id),
  channel: (element) => channelMention(element.channel_id),
  usergroup: (element) => mention(`@${element.usergroup_id}`),
  broadcast: (element) => mention(`@${element.range}`, true),
  emoji: (element) => emojiCharacter(element.name) ?? `:${element.name}:`,
  date: (element) => dateNode(element.timestamp, element.format, element.url, element.fallback ?? ""),
};

function inline(elements) {
  return elements.map((element) => styled(INLINE[element.type]?.(element) ?? "", element.style));
}

function list(element) {
  const items = element.elements.map((item) => h("li", {}, inline(item.elements)));
  const tag = element.style === "ordered" ? "ol" : "ul";
  const start = tag === "ol" && element.offset ? element.offset + 1 : null;
  return h(tag, { class: `indent-${Math.min(element.indent ?? 0, 4)}`, start }, items);
}

const PARTS = {
  rich_text_section: (element) => h("div", { class: "text" }, inline(element.elements)),
  rich_text_list: list,
  rich_text_preformatted: (element) => h("pre", {}, inline(element.elements)),
  rich_text_quote: (element) => h("blockquote", {}, inline(element.elements)),
};

export function richText(elements) {
  return elements.map((element) => PARTS[element.type]?.(element) ?? h("div", { class: "unsupported" }, `unsupported element: ${element.type}`));
}

export function tableCell(cell) {
  if (cell.type === "rich_text") return richText(cell.elements);
  return String(cell.text ?? cell.value ?? "");
}
