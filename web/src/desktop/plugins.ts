// Flex UI waits for every plugin's script to come or to fail before it shows the desktop, however long that takes.

const PATIENCE_MS = 8_000;

/** The addresses of plugins that did not come, for whoever tells the person. */
export const missing: string[] = [];

/** Lets a plugin whose script does not come in time count as failed, so that the desktop comes without it. */
export function hurryPlugins(): void {
  const watch = (script: HTMLScriptElement) => {
    const timer = setTimeout(() => {
      console.warn(`The plugin ${script.src} does not come; the desktop goes on without it.`);
      script.dispatchEvent(new Event("error"));
      script.remove();
    }, PATIENCE_MS);
    for (const end of ["load", "error"])
      script.addEventListener(end, () => clearTimeout(timer), { once: true });
    script.addEventListener("error", () => missing.push(script.src), { once: true });
  };
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes]))
      if (node instanceof HTMLScriptElement && node.hasAttribute("uuid")) watch(node); // the mark of a plugin's script
  }).observe(document.documentElement, { childList: true, subtree: true });
}
