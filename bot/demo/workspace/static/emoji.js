/** The emoji shortcodes an operations bot uses, as characters; anything else stays `:as_typed:`. */

const TABLE = `
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎|warning ⚠️|no_entry ⛔
no_entry_sign 🚫|octagonal_sign 🛑|stop_sign 🛑|rotating_light 🚨|red_circle 🔴|large_green_circle 🟢|large_yellow_circle 🟡
large_orange_circle 🟠|large_blue_circle 🔵|white_circle ⚪|black_circle ⚫|large_green_square 🟩|large_red_square 🟥
large_yellow_square 🟨|hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️|timer_clock ⏲️|alarm_clock ⏰|clock1 🕐|clock3 🕒
calendar 📅|spiral_calendar_pad 🗓️|date 📅|lock 🔒|unlock 🔓|closed_lock_with_key 🔐|key 🔑|old_key 🗝️|shield 🛡️|eyes 👀
bell 🔔|no_bell 🔕|mega 📣|loudspeaker 📢|speech_balloon 💬|thread 🧵|incoming_envelope 📨|envelope ✉️|email 📧|link 🔗
memo 📝|pencil 📝|pencil2 ✏️|clipboard 📋|page_facing_up 📄|bookmark 🔖|pushpin 📌|round_pushpin 📍|mag 🔍|bar_chart 📊
chart_with_upwards_trend 📈|computer 💻|desktop_computer 🖥️|floppy_disk 💾|cd 💿|satellite 🛰️|cloud ☁️|electric_plug 🔌
gear ⚙️|wrench 🔧|hammer_and_wrench 🛠️|toolbox 🧰|construction 🚧|fire 🔥|fire_extinguisher 🧯|zap ⚡|bulb 💡|test_tube 🧪
arrow_right ➡️|arrow_left ⬅️|arrow_up ⬆️|arrow_down ⬇️|left_right_arrow ↔️|arrows_counterclockwise 🔄|arrows_clockwise 🔃
leftwards_arrow_with_hook ↩️|arrow_right_hook ↪️|repeat 🔁|rewind ⏪|fast_forward ⏩|arrow_forward ▶️|double_vertical_bar ⏸️
pause_button ⏸️|black_square_for_stop ⏹️|play_or_pause_button ⏯️|heavy_minus_sign ➖|heavy_plus_sign ➕|information_source ℹ️
question ❓|grey_question ❔|exclamation ❗|grey_exclamation ❕|bangbang ‼️|interrobang ⁉️|point_right 👉|point_down 👇|point_up ☝️
thumbsup 👍|+1 👍|thumbsdown 👎|-1 👎|ok_hand 👌|wave 👋|raised_hand ✋|hand ✋|raised_hands 🙌|clap 👏|pray 🙏|muscle 💪
tada 🎉|rocket 🚀|robot_face 🤖|smile 😄|slightly_smiling_face 🙂|grinning 😀|sweat_smile 😅|thinking_face 🤔|cry 😢|sob 😭
scream 😱|heart ❤️|star ⭐|sparkles ✨|trophy 🏆|coffee ☕|ambulance 🚑|fire_engine 🚒|office 🏢|house 🏠|globe_with_meridians 🌐
earth_africa 🌍|windows 🪟|window 🪟|penguin 🐧|package 📦|inbox_tray 📥|outbox_tray 📤|wastebasket 🗑️|ghost 👻|skull 💀
bust_in_silhouette 👤|busts_in_silhouette 👥|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣|zero 0️⃣
`;

const CHARACTERS = new Map(
  TABLE.trim().split(/[|\n]/).map((entry) => entry.split(" ")),
);

export function emojiCharacter(shortcode) {
  return CHARACTERS.get(shortcode.split("::")[0]);
}

/** Replaces the shortcodes in a plain string. */
export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, code) => emojiCharacter(code) ?? whole);
}
