/** What the page knows about the workspace: the people, the channels, and who is sitting in front of it. */

export const workspace = {
  team: { id: "", name: "" },
  app: { name: "", bot_user_id: "" },
  users: new Map(),
  channels: new Map(),
  usergroups: new Map(),
  commands: [],
  shortcuts: [],
  me: "",
};

export function learn(boot) {
  workspace.team = boot.team;
  workspace.app = boot.app ?? { name: "App", bot_user_id: "" };
  workspace.users = new Map(boot.users.map((user) => [user.id, user]));
  workspace.usergroups = new Map((boot.usergroups ?? []).map((group) => [group.id, group]));
  workspace.commands = boot.commands ?? [];
  workspace.shortcuts = boot.shortcuts ?? [];
  learnChannels(boot.channels);
}

export function learnChannels(channels) {
  workspace.channels = new Map(channels.map((channel) => [channel.id, channel]));
}

/** Everybody a visitor can be. */
export function people() {
  return [...workspace.users.values()].filter((user) => !user.is_bot && !user.deleted);
}

export function nameOf(userId) {
  const user = workspace.users.get(userId);
  return user ? user.real_name || user.name : userId;
}

export function isApp(message) {
  return Boolean(message.bot_id) || Boolean(workspace.users.get(message.user)?.is_bot);
}

export function isMember(channel) {
  return channel.is_im ? channel.im_user === workspace.me : channel.members.includes(workspace.me);
}

/** Channels this person can open: their own, and the public ones. */
export function visibleChannels() {
  return [...workspace.channels.values()].filter((channel) => !channel.is_im && (isMember(channel) || !channel.is_private));
}

/** The conversation between the app and this person, or undefined as long as nobody has opened it. */
export function appConversation() {
  return [...workspace.channels.values()].find((channel) => channel.is_im && channel.im_user === workspace.me);
}

export function channelTitle(channel) {
  return channel.is_im ? workspace.app.name : channel.name;
}
