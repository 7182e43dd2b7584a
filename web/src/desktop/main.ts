// The desktop's page: Flex UI as published, with a Parley server behind it.

import "./desktop.css";
import { desktopConfig } from "./config";
import { diagnose } from "./diagnosis";
import { whenEnded } from "./ended";
import { freshen, SIGN_IN_KEY } from "./freshen";
import { install } from "./install";
import { landing } from "./landing";
import { clear, show } from "./notice";
import { announceOffers } from "./offers";
import { missing } from "./plugins";
import { endSessionAtSignOut } from "./signout";

/** After this time without a desktop, the page says that something is wrong. Flex UI itself gives a part up to 30 seconds. */
const PATIENCE_MS = 40_000;

const base = location.origin;
const accountSid = document.documentElement.dataset.account ?? "";

const reload = () => location.reload();
const signInAgain = () => {
  localStorage.removeItem(SIGN_IN_KEY);
  location.assign("/agent-desktop");
};

async function start(): Promise<void> {
  history.replaceState(null, "", landing(location.pathname, location.search));
  show({ title: "Opening the desktop …", text: "" }, true);
  install(base);
  await Promise.all([load(__FLEX_UI__), freshen(base, accountSid, localStorage)]);
  const flex = window.Twilio?.Flex;
  if (!flex) throw new Error("the script defines no Twilio.Flex");
  clear();
  flex.MainHeader.defaultProps.logoUrl = "/favicon.svg"; // the account's own configuration goes before it
  endSessionAtSignOut(flex, base, accountSid);
  const late = setTimeout(explain, PATIENCE_MS);
  await flex.runDefault(desktopConfig({ base, accountSid }), "#root").catch(console.error); // it shows an error page as well
  clearTimeout(late);
  clear();
  if (missing.length > 0) tellMissing();
  // It also ends on the way to the sign-in.
  if (document.querySelector(".Twilio-ErrorPage")) await explain();
  else if (document.querySelector(".Twilio-RootContainer") && window.React)
    announceOffers(flex, window.React, base);
  whenEnded({ base, accountSid, token: () => flex.Manager.getInstance()?.user.token }, tellEnded);
}

function load(src: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => reject(new Error(`${src} cannot be loaded`)));
    document.head.append(script);
  });
}

function tellMissing(): void {
  show({
    title: "A part of the desktop is missing.",
    text: `The rest works without it. Tell your administrator that this did not load: ${missing.join(", ")}`,
    buttons: { Close: clear },
  });
}

function tellEnded(): void {
  show({
    title: "You have been signed out.",
    text: "The server does not accept this sign-in any more. Sign in again, or ask your administrator whether your account was changed.",
    buttons: { "Sign in again": signInAgain },
  });
}

async function explain(): Promise<void> {
  const diagnosis = await diagnose(base, accountSid);
  show({ ...diagnosis, buttons: { "Try again": reload, "Sign in again": signInAgain } });
}

start().catch((error: unknown) => {
  console.error(error);
  show(
    {
      title: "The desktop could not be loaded.",
      text: "Its program did not arrive whole. Check the network connection, then try again.",
      buttons: { "Try again": reload },
    },
    true,
  );
});
