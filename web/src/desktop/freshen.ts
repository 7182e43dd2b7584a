/** Where Flex UI keeps its sign-in. */
export const SIGN_IN_KEY = "TWILIO_FLEX_SSO";

/** A token with less life than this is renewed before the desktop opens. */
export const FRESH_MS = 5 * 60_000;

/**
 * Renews a kept token that ends soon. Flex UI does so in a token's last minute, but where that minute falls into its start, the new token
 * reaches only one of its parts, and the others end with the old one. What fails here is left to Flex UI, which looks at the token as well.
 */
export async function freshen(base: string, accountSid: string, kept: Storage): Promise<void> {
  try {
    const signIn = JSON.parse(kept.getItem(SIGN_IN_KEY) ?? "null");
    if (!signIn || Date.parse(signIn.expiration) - Date.now() > FRESH_MS) return;
    const answer = await fetch(`${base}/iam/v1/Accounts/${accountSid}/Tokens/refresh`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: signIn.token }),
      signal: AbortSignal.timeout(5_000),
    });
    if (answer.ok) kept.setItem(SIGN_IN_KEY, JSON.stringify({ ...signIn, ...(await answer.json()) }));
  } catch (error) {
    console.info("The sign-in was not renewed.", error);
  }
}
