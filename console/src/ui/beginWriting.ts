/** Puts the focus where the agent writes. */
export function beginWriting(): void {
  // Where there is one pane, a keyboard on the screen would hide what was just opened.
  if (matchMedia("(min-width: 720px)").matches) document.querySelector<HTMLElement>(".composer textarea")?.focus();
}
