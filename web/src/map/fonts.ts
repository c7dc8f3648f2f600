/** Fonts of the reader's machine: no glyph server. */
export const FONT = ["Noto Sans CJK SC Regular"];
export const BOLD = ["Noto Sans CJK SC Bold"];
