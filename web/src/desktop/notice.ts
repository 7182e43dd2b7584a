// What the page itself says while Flex UI does not: that it is coming, or why it is not.

interface Words {
  title: string;
  text: string;
  buttons?: Record<string, () => void>;
}

/** Shows words; alone, they take the whole window. Buttons are named by what they do. */
export function show({ title, text, buttons = {} }: Words, alone = false): void {
  const notice = document.getElementById("notice");
  if (!notice) return;
  notice.classList.toggle("alone", alone);
  const heading = document.createElement("strong");
  heading.textContent = title;
  const words = document.createElement("p");
  words.append(heading, text);
  const row = document.createElement("div");
  for (const [name, action] of Object.entries(buttons)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", action);
    row.append(button);
  }
  notice.replaceChildren(words, ...(row.childElementCount > 0 ? [row] : []));
}

export function clear(): void {
  document.getElementById("notice")?.replaceChildren();
}
