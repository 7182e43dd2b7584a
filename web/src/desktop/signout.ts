import type { FlexUI } from "./flex";

/** Ends the session at the server when somebody signs out: Flex UI itself only forgets the token. */
export function endSessionAtSignOut(flex: FlexUI, base: string, accountSid: string): void {
  flex.Actions.addListener("beforeLogout", () => {
    const token = flex.Manager.getInstance()?.user.token;
    if (!token) return;
    // What Flex UI does on its way out goes on with the token; the session need not be waited for, and ends by itself if this is lost.
    fetch(`${base}/iam/v1/Accounts/${accountSid}/Tokens/revoke`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
      keepalive: true,
    }).catch(() => {});
  });
}
