/** The agents' console: begins here. */
import { render } from "preact";
import { loadSettings } from "./settings";
import { App } from "./ui/App";
import { Empty } from "./ui/Empty";

/** The look follows the system, also while the console is open. */
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => {
  document.documentElement.dataset.scheme = dark.matches ? "dark" : "light";
};
paint();
dark.addEventListener("change", paint);

const root = document.getElementById("console") as HTMLElement;

async function start(): Promise<void> {
  try {
    render(<App settings={await loadSettings()} />, root);
  } catch {
    render(
      <main class="start">
        <Empty icon="alert" title="The console could not start">
          <p>The server did not say where to sign in. Check your connection.</p>
          <button type="button" class="button primary" onClick={() => void start()}>
            Try again
          </button>
        </Empty>
      </main>,
      root,
    );
  }
}

void start();
