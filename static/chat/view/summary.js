/** The words for a message in one line, for rows and for the screen reader. */
export function summary(texts, message) {
  if (message.retracted) return texts.t("message.retracted");
  const { kind, body } = message;
  if (kind === "text") return body.text ?? "";
  if (kind === "image") return `[${texts.t("message.image")}]`;
  return `[${label(texts, kind, body)}]`;
}

/** What stands for a message that the page does not show itself. */
export function label(texts, kind, body) {
  if (kind === "file") return body.fname || texts.t("message.custom");
  if (kind === "voice") return texts.t("message.voice", { count: Math.round(body.duration ?? 0) });
  if (kind === "video") return texts.t("message.video");
  if (kind === "location") return texts.t("message.location", { label: body.label ?? "" });
  return texts.t("message.custom");
}

/** The name of a conversation. */
export function titleOf(texts, conversation) {
  return conversation.title || texts.t("group.unnamed", { gid: conversation.gid });
}
