/** The service's limits (rest-semantics §2.8), checked here so that people learn of them before they send. */

import { byteLength, formatBytes } from "../lib/text";

export const MAX_BODY_BYTES = 32 * 1024;
export const MAX_FILE_BYTES = 150 * 1024 * 1024;
export const MAX_NAME_LENGTH = 64;

/** What is wrong with a message text, or null. */
export function textProblem(text: string): string | null {
  const over = byteLength(text) - MAX_BODY_BYTES;
  if (over <= 0) return null;
  return `This message is ${formatBytes(over)} over the limit of 32 KB. Shorten it, or send it as a file.`;
}

/** What is wrong with a file, or null. */
export function fileProblem(file: { name: string; size: number }): string | null {
  if (file.size === 0) return `“${file.name}” is empty.`;
  if (file.size > MAX_FILE_BYTES)
    return `“${file.name}” is ${formatBytes(file.size)}. Files can be up to 150 MB.`;
  return null;
}

/** What is wrong with a customer's name, or null. */
export function nameProblem(name: string): string | null {
  const trimmed = name.trim();
  if (trimmed === "") return "Enter a name, so that the agent knows what to call you.";
  if (trimmed.length > MAX_NAME_LENGTH)
    return `That name is ${trimmed.length} characters long. Use at most ${MAX_NAME_LENGTH}.`;
  return null;
}

/**
 * An identity for a customer of that name: readable, and with a random part,
 * since whoever has the same identity has the same conversations.
 */
export function identityFor(name: string, random: string): string {
  const readable = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 32);
  return `${readable || "guest"}-${random.slice(0, 10)}`;
}
