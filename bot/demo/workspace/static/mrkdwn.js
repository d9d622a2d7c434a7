/** Slack's mrkdwn as DOM nodes. Foreign text only ever becomes a text node, and only web and mail links become links. */

import { h } from "./dom.js";
import { emojiCharacter, withEmoji } from "./emoji.js";
import { fillDateFormat } from "./times.js";
import { nameOf, workspace } from "./workspace.js";

const BOUNDARY = "\\p{L}\\p{N}";

/** A run between two marks that stand at the edges of words, as in "*bold*" but not in "2*3*4". */
function styled(mark, name) {
  const edge = `[${BOUNDARY}${mark}]`;
  return `(?<!${edge})[${mark}](?<${name}>(?! )[^${mark}\\n]*[^${mark}\\s])[${mark}](?!${edge})`;
}

const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<token>[^<>\\n]+)>",
    ":(?<emoji>[a-z0-9_+-]+(?:::[a-z0-9-]+)?):",
    styled("*", "bold"),
    styled("_", "italic"),
    styled("~", "strike"),
  ].join("|"),
  "gu",
);

/** Undoes the three entities of Slack's text format, once. */
export function unescapeText(text) {
  return text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);
}

function safeAddress(address) {
  return /^(https?:\/\/|mailto:)/i.test(address) ? address : null;
}

export function link(address, label) {
  const safe = safeAddress(address);
  if (!safe) return label === address ? address : `${label} (${address})`;
  return h("a", { href: safe, target: "_blank", rel: "noopener noreferrer" }, label);
}

export function mention(text, own = false) {
  return h("span", { class: own ? "mention own" : "mention" }, text);
}

export function userMention(userId) {
  return mention(`@${nameOf(userId)}`, userId === workspace.me);
}

export function channelMention(channelId, label) {
  const name = workspace.channels.get(channelId)?.name ?? label ?? channelId;
  return h("a", { class: "mention", href: `#${channelId}` }, `#${name}`);
}

function groupMention(groupId, label) {
  const handle = workspace.usergroups.get(groupId)?.handle;
  return mention(handle ? `@${handle}` : (label ?? `@${groupId}`));
}

export function dateNode(epochSeconds, format, address, fallback) {
  const shown = fillDateFormat(format, Number(epochSeconds));
  const inner = address ? link(address, shown) : shown;
  return h("time", { datetime: new Date(Number(epochSeconds) * 1000).toISOString(), title: fallback }, inner);
}

function special(body, label) {
  const [kind, ...parts] = body.split("^");
  if (kind === "date" && parts.length >= 2 && Number.isFinite(Number(parts[0]))) {
    return dateNode(parts[0], parts[1], parts[2], label ?? "");
  }
  if (kind === "subteam") return groupMention(parts[0], label);
  if (["here", "channel", "everyone"].includes(kind)) return mention(`@${kind}`, true);
  return label ?? `<!${body}>`;
}

/** What stands between `<` and `>`: a mention, a date, a link, or just text that looks like markup. */
function token(content) {
  const bar = content.indexOf("|");
  const body = unescapeText(bar < 0 ? content : content.slice(0, bar));
  const label = bar < 0 ? undefined : unescapeText(content.slice(bar + 1));
  if (/^@[UW]/.test(body)) return userMention(body.slice(1));
  if (/^#[CGD]/.test(body)) return channelMention(body.slice(1), label);
  if (body.startsWith("!")) return special(body.slice(1), label);
  if (safeAddress(body)) return link(body, label === undefined ? body.replace(/^mailto:/, "") : withEmoji(label));
  return unescapeText(`<${content}>`);
}

function node(groups, whole) {
  if (groups.code !== undefined) return h("code", {}, unescapeText(groups.code));
  if (groups.token !== undefined) return token(groups.token);
  if (groups.emoji !== undefined) return emojiCharacter(groups.emoji) ?? whole;
  if (groups.bold !== undefined) return h("strong", {}, inline(groups.bold));
  if (groups.italic !== undefined) return h("em", {}, inline(groups.italic));
  return h("s", {}, inline(groups.strike));
}

function inline(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) nodes.push(unescapeText(text.slice(end, match.index)));
    nodes.push(node(match.groups, match[0]));
    end = match.index + match[0].length;
  }
  if (end < text.length) nodes.push(unescapeText(text.slice(end)));
  return nodes;
}

function lines(text) {
  return text.split("\n").flatMap((line, index) => (index ? [h("br"), ...inline(line)] : inline(line)));
}

/** Consecutive lines that start with `>` are one quote. */
function paragraphs(text) {
  const quoted = /^(?:&gt;|>) ?/;
  const nodes = [];
  let rest = text.split("\n");
  while (rest.length) {
    const isQuote = quoted.test(rest[0]);
    const stop = rest.findIndex((line) => quoted.test(line) !== isQuote);
    const run = rest.slice(0, stop < 0 ? rest.length : stop);
    rest = rest.slice(run.length);
    if (isQuote) nodes.push(h("blockquote", {}, lines(run.map((line) => line.replace(quoted, "")).join("\n"))));
    else nodes.push(h("span", {}, lines(run.join("\n"))));
  }
  return nodes;
}

/** Nodes for a mrkdwn string. */
export function mrkdwn(text) {
  const parts = text.split(/```([\s\S]*?)```/);
  if (parts.length === 1) return paragraphs(text);
  return parts.flatMap((part, index) => {
    const trimmed = part.replace(/^\n|\n$/g, "");
    if (index % 2) return [h("pre", {}, unescapeText(trimmed))];
    return trimmed ? paragraphs(trimmed) : [];
  });
}

/** Nodes for a text object (`plain_text` or `mrkdwn`), or for a bare string. */
export function textObject(object) {
  if (!object) return [];
  if (typeof object === "string") return mrkdwn(object);
  return object.type === "mrkdwn" ? mrkdwn(object.text) : [plainText(object)];
}

/** The characters of a text object, for places that only take a string. */
export function plainText(object) {
  if (!object) return "";
  const text = unescapeText(object.text ?? "");
  return object.emoji === false ? text : withEmoji(text);
}
