/** The select elements of Block Kit, all on one searchable combobox. */

import { Combobox, localSource } from "./combobox.js";
import { labelOf, tellsAtOnce } from "./elements.js";
import { plainText } from "./mrkdwn.js";
import { confirmed } from "./popup.js";
import { people, visibleChannels, workspace } from "./workspace.js";

const DEFAULT_MINIMUM = 3;

const asOption = (value, text) => ({ value, text: { type: "plain_text", text } });

function peopleOptions() {
  return people().map((user) => asOption(user.id, user.real_name || user.name));
}

function channelOptions() {
  return visibleChannels().map((channel) => asOption(channel.id, `#${channel.name}`));
}

function idSource(list) {
  return localSource({ options: list() });
}

/** How each kind finds its options, and under which name Slack reports the choice. */
export const SELECTS = {
  static_select: { chosen: "option" },
  external_select: { chosen: "option", remote: true },
  users_select: { chosen: "user", list: peopleOptions },
  conversations_select: { chosen: "conversation", list: channelOptions },
  channels_select: { chosen: "channel", list: channelOptions },
};

for (const [type, kind] of Object.entries(SELECTS)) SELECTS[`multi_${type}`] = { ...kind, multiple: true };

function initial(element, kind) {
  const name = kind.multiple ? `initial_${kind.chosen}s` : `initial_${kind.chosen}`;
  const value = element[name] ?? (element.default_to_current_user ? workspace.me : null);
  return kind.multiple ? (value ?? []) : value;
}

function stateOf(kind, values) {
  return kind.multiple ? { [`selected_${kind.chosen}s`]: values } : { [`selected_${kind.chosen}`]: values[0] ?? null };
}

function valuesOf(kind, state) {
  if (kind.multiple) return state[`selected_${kind.chosen}s`] ?? [];
  const value = state[`selected_${kind.chosen}`];
  return value ? [value] : [];
}

export function renderSelect(element, block, surface) {
  const kind = SELECTS[element.type];
  const known = kind.list?.() ?? [];
  const toOption = (value) => (kind.list ? (known.find((option) => option.value === value) ?? asOption(value, value)) : value);
  const fromOption = (option) => (kind.list ? option.value : option);
  const start = initial(element, kind);
  const state = surface.recall(block, element) ?? stateOf(kind, kind.multiple ? start : [start].filter(Boolean));
  surface.remember(block, element, state);
  const source = kind.remote ? (query) => surface.options(block, element, query) : kind.list ? idSource(kind.list) : localSource(element);
  const settings = {
    label: labelOf(block, element),
    placeholder: plainText(element.placeholder) || "Select an item",
    minimum: kind.remote ? (element.min_query_length ?? DEFAULT_MINIMUM) : 0,
    remote: kind.remote,
    multiple: kind.multiple,
    chosen: valuesOf(kind, state).map(toOption),
  };
  const changed = async (options) => {
    const next = stateOf(kind, options.map(fromOption));
    surface.remember(block, element, next);
    if (tellsAtOnce(block) && (await confirmed(element.confirm))) await surface.act(block, element, next);
  };
  return new Combobox(settings, source, changed).node;
}
