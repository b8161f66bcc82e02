import { en } from "./words-en.js";
import { zh } from "./words-zh.js";

const DICTIONARIES = { en, zh };
const LOCALES = { en: "en", zh: "zh-CN" };

export const LANGUAGES = Object.keys(DICTIONARIES);

/** The first of the reader's languages that we have, else English. */
export function preferredLanguage(languages) {
  for (const tag of languages ?? []) {
    const language = String(tag).toLowerCase().split("-")[0];
    if (language in DICTIONARIES) return language;
  }
  return "en";
}

/** All words of the page in one language. Fires "change" when another is chosen. No DOM. */
export class Texts extends EventTarget {
  #language = "en";
  #plurals = new Intl.PluralRules("en");

  constructor(language = "en") {
    super();
    this.use(language);
  }

  get language() {
    return this.#language;
  }

  get locale() {
    return LOCALES[this.#language];
  }

  use(language) {
    if (!(language in DICTIONARIES) || language === this.#language) return;
    this.#language = language;
    this.#plurals = new Intl.PluralRules(this.locale);
    this.dispatchEvent(new CustomEvent("change", { detail: language }));
  }

  has(key) {
    return Object.hasOwn(DICTIONARIES[this.#language], key);
  }

  /** The words for `key` with {name} replaced; an entry with plural forms is chosen by values.count. */
  t(key, values = {}) {
    const entry = DICTIONARIES[this.#language][key] ?? key;
    const words = typeof entry === "string" ? entry : (entry[this.#plurals.select(values.count)] ?? entry.other);
    return words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  }
}
