// Copies the published front ends into the pages, byte for byte.

import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const installed = join(import.meta.dirname, "../vendor/node_modules");

/** What each package is served as: /vendor/{folder}/{version}/{file of its bundle folder}. */
const bundles = [
  { name: "@twilio/flex-ui", folder: "flex-ui", file: "twilio-flex.prod.browser.js" },
  { name: "@twilio/flex-webchat-ui", folder: "flex-webchat-ui", file: "twilio-flex-webchat.prod.browser.js" },
];

/** The address of a bundle on the server, by the name of its package. */
function addressOf(name: string): string {
  const bundle = bundles.find((b) => b.name === name);
  if (!bundle) throw new Error(`${name} is not served`);
  const { version } = JSON.parse(readFileSync(join(installed, name, "package.json"), "utf8"));
  return `/vendor/${bundle.folder}/${version}/${bundle.file}`;
}

/** Names the scripts use for these addresses; the versions stand in vendor/package.json alone. */
export const addresses = {
  __FLEX_UI__: JSON.stringify(addressOf("@twilio/flex-ui")),
  __WEBCHAT_UI__: JSON.stringify(addressOf("@twilio/flex-webchat-ui")),
};

/** Copies the bundles and their licences. */
export function copyVendor(out: string): void {
  for (const { name, file } of bundles) {
    const to = join(out, addressOf(name));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(installed, name, "bundle", file), to);
    cpSync(join(installed, name, "LICENSE"), join(dirname(to), "LICENSE.txt"));
  }
}
