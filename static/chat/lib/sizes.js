const UNITS = ["B", "KB", "MB", "GB"];

/** The size at which a picture of width × height is shown in a box, never enlarged, at least 1 × 1. */
export function fit(width, height, box) {
  if (!(width > 0 && height > 0)) return { width: box.width, height: Math.round(box.width * 0.75) };
  const scale = Math.min(1, box.width / width, box.height / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** "512 B", "1.4 MB" (1 KB = 1024 bytes). */
export function bytesText(bytes, locale) {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  const digits = new Intl.NumberFormat(locale, { maximumFractionDigits: unit === 0 ? 0 : 1 });
  return `${digits.format(size)} ${UNITS[unit]}`;
}

/** Length in UTF-8 bytes. */
export function utf8Length(text) {
  return new TextEncoder().encode(text).length;
}
