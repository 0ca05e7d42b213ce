/** Light, dark, or as the system says. Kept in a cookie, so that the server sends the right page at once. */

export type Theme = "system" | "light" | "dark";
export const THEME_COOKIE = "theme";
const A_YEAR = 31_536_000;

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser yet
  document.cookie = `${THEME_COOKIE}=${theme}; path=/; max-age=${A_YEAR}; samesite=lax`;
}

export const currentTheme = (): Theme => (document.documentElement.dataset.theme as Theme | undefined) ?? "system";
