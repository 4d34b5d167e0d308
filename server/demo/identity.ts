/** The demo user: the same everywhere, so it exists only beside demo data and leaves with it. */
export const emailOfDemo = 'demo@liquor-agent.test'
export const passwordOfDemo = 'corner-cellars-demo'
