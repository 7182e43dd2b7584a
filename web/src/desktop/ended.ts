/** How often the page asks whether its session is still good; Flex UI asks at its start only. */
export const ASK_EVERY_MS = 15_000;

export interface Session {
  base: string;
  accountSid: string;
  /** The token of the moment; undefined before the sign-in and after the sign-out. */
  token(): string | undefined;
}

/**
 * Tells once when the server ends the session of somebody who is signed in: the worker was deleted, lost its roles, or has a new password.
 * Without that, Flex UI shows failures of single parts for as long as the page is open. A server that does not answer ends nothing.
 */
export function whenEnded({ base, accountSid, token }: Session, tell: () => void): void {
  const timer = setInterval(async () => {
    const asked = token();
    if (!asked || !(await refused(`${base}/iam/v1/Accounts/${accountSid}/Tokens/validate`, asked))) return;
    if (token() !== asked) return; // it was renewed, or given up, meanwhile
    clearInterval(timer);
    tell();
  }, ASK_EVERY_MS);
}

async function refused(url: string, token: string): Promise<boolean> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa(`token:${token}`)}` },
      body: JSON.stringify({ token }),
    });
    if (answer.status === 401) return true;
    return answer.ok && (await answer.json()).valid === false;
  } catch {
    return false;
  }
}
