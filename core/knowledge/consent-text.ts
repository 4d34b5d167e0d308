import type { SignupChannel } from './signup.ts'

/** What a text for marketing messages must say (CTIA Messaging Principles 5.1, 47 CFR 64.1200(f)(9)). */
const needs: Record<SignupChannel, readonly { has: RegExp; missing: string }[]> = {
  email: [{ has: /\{shop\}/, missing: 'It must name the shop: write {shop} where the name belongs.' }],
  sms: [
    { has: /\{shop\}/, missing: 'It must name the shop: write {shop} where the name belongs.' },
    { has: /marketing|promotion/i, missing: 'It must say that the texts are marketing.' },
    {
      has: /not (a|any) condition|not required|no condition|without .{0,20}purchase/i,
      missing: 'It must say that consent is not a condition of purchase.',
    },
    { has: /rates? may apply/i, missing: 'It must say that message and data rates may apply.' },
    { has: /frequency|per (week|month)|recurring/i, missing: 'It must say how often texts come, or that it varies.' },
    { has: /\bSTOP\b/, missing: 'It must say that STOP ends it.' },
    { has: /\bHELP\b/, missing: 'It must say that HELP helps.' },
  ],
}

/** What a consent text lacks, one sentence each; empty when it may be shown. */
export function lacksOfConsentText(channel: SignupChannel, text: string): string[] {
  return needs[channel].filter((n) => !n.has.test(text)).map((n) => n.missing)
}
