// Why the desktop does not start, in words for the person who waits for it.

export interface Diagnosis {
  title: string;
  text: string;
}

const unknown: Diagnosis = {
  title: "The desktop did not start.",
  text: "The server is well and knows this account, so the sign-in is the likely cause: it may have ended, or the worker may have been removed. Sign in again; if that does not help, tell your administrator.",
};

/** Looks at the server, and answers what is wrong with it, or else that the sign-in is. */
export async function diagnose(base: string, accountSid: string): Promise<Diagnosis> {
  const ready = await ask(`${base}/readyz`);
  if (!ready) {
    return {
      title: "The server does not answer.",
      text: "Check the network connection. The desktop can be opened again as soon as the server is reachable.",
    };
  }
  if (!ready.ok) {
    return {
      title: "The server is not ready.",
      text: "It is starting, stopping, or waiting for its database. Try again in a moment.",
    };
  }
  const query = new URLSearchParams({ AccountSid: accountSid });
  const known = await ask(`${base}/flex-api/v1/Configuration/Public?${query}`);
  const configurations = (await known?.json().catch(() => null))?.configurations;
  if (!known?.ok || !Array.isArray(configurations) || configurations.length === 0) {
    return {
      title: "This server does not know the account.",
      text: `The page asks for account ${accountSid || "(none)"}. Whoever set it up has to name the account of this server.`,
    };
  }
  return unknown;
}

async function ask(url: string): Promise<Response | undefined> {
  try {
    return await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
  } catch {
    return undefined;
  }
}
