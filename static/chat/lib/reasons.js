import { Lost, NoAnswer, Refusal, Stale } from "./errors.js";

/** The sentence for people that tells why something failed; unknown codes are named by their number. */
export function explain(texts, error) {
  if (error instanceof Refusal) {
    const key = `error.${error.code}`;
    return texts.has(key) ? texts.t(key) : texts.t("error.other", { code: error.code });
  }
  if (error instanceof Lost) return texts.t("error.lost");
  if (error instanceof NoAnswer) return texts.t("error.noAnswer");
  if (error instanceof Stale) return texts.t("error.stale");
  return texts.t("error.unknown");
}
