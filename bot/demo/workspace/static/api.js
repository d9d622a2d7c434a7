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
  if (response.ok) return { ok: true, ...body };
  return { ...body, ok: false, error: body.error ?? `The workspace answered with status ${response.status}.` };
}

function post(path, body) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ as: workspace.me, ...body }),
  });
}

export const api = {
  boot: () => request("/_/boot"),
  messages: (channel, threadTs) => {
    const query = new URLSearchParams({ as: workspace.me, channel });
    if (threadTs) query.set("thread_ts", threadTs);
    return request(`/_/messages?${query}`);
  },
  say: (channel, text, threadTs) => post("/_/message", { channel, text, ...(threadTs && { thread_ts: threadTs }) }),
  command: (channel, command, text) => post("/_/command", { channel, command, text }),
  act: (body) => post("/_/action", body),
  options: (body) => post("/_/options", body),
  submit: (viewId, values) => post("/_/submit", { view_id: viewId, values }),
  close: (viewId) => post("/_/close", { view_id: viewId }),
  home: () => post("/_/home", {}),
  shortcut: (callbackId) => post("/_/shortcut", { callback_id: callbackId }),
};
