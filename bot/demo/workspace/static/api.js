/** The page's only door to the server: every request a person causes, on the same origin. */

import { workspace } from "./workspace.js";

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", ...options });
  } catch {
    return { ok: false, error: "The workspace does not answer. Is the demo still running?" };
  }
  const body = await response.json().catch(() => ({}));
  const error = body.error ?? (response.ok ? null : `The workspace answered with status ${response.status}.`);
  return { ...body, ok: error === null && body.ok !== false, error };
}

function post(path, body) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ as: workspace.me, ...body }),
  });
}

/** What Slack's own client does to typed text: entities, and names turned into mentions. */
function written(text) {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return escaped.replace(/(?<!\S)([@#])([\w.-]+)/g, (whole, mark, name) => {
    const known = mark === "@" ? workspace.users : workspace.channels;
    const found = [...known.values()].find((one) => one.name === name);
    return found ? `<${mark}${found.id}>` : whole;
  });
}

export const api = {
  boot: () => request("/_/boot"),
  messages: (channel, threadTs) => {
    const query = new URLSearchParams({ as: workspace.me, channel });
    if (threadTs) query.set("thread_ts", threadTs);
    return request(`/_/messages?${query}`);
  },
  say: (channel, text, threadTs) => post("/_/message", { channel, text: written(text), ...(threadTs && { thread_ts: threadTs }) }),
  command: (channel, command, text) => post("/_/command", { channel, command, text }),
  act: (body) => post("/_/action", body),
  options: (body) => post("/_/options", body),
  submit: (viewId, values) => post("/_/submit", { view_id: viewId, values }),
  close: (viewId) => post("/_/close", { view_id: viewId }),
  home: () => post("/_/home", {}),
  shortcut: (callbackId) => post("/_/shortcut", { callback_id: callbackId }),
};
