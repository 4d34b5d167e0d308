/** By this the policy of the page knows our own <style> elements; empty where there is no policy, as in development. */
export const styleNonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''
