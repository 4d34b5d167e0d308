import { startMailgun } from './mailgun.ts'
import { usualHabits } from './recipients.ts'
import { startPostmark } from './postmark.ts'
import { startResend } from './resend.ts'
import { startSendgrid } from './sendgrid.ts'
import { startSes } from './ses.ts'
import { startSmsGateway } from './sms-gateway.ts'
import { startTwilio } from './twilio.ts'
import { startSmtpServer } from './smtp.ts'

/** Every simulator on a free port of loopback, with recipients of usual habits: for demonstrations and trying faults. */
async function startAll(seed = 1) {
  const [mailgun, sendgrid, postmark, ses, resend, twilio, smsGateway, smtp] = await Promise.all([
    startMailgun({ seed }),
    startSendgrid({ seed: seed + 1 }),
    startPostmark({ seed: seed + 2 }),
    startSes({ seed: seed + 3 }),
    startResend({ seed: seed + 4 }),
    startTwilio({ seed: seed + 5 }),
    startSmsGateway({ seed: seed + 6 }),
    startSmtpServer(),
  ])
  for (const sim of [mailgun, sendgrid, postmark, ses, resend]) sim.habits = usualHabits
  return {
    mailgun,
    sendgrid,
    postmark,
    ses,
    resend,
    twilio,
    smsGateway,
    smtp,
    async close() {
      await Promise.all([mailgun, sendgrid, postmark, ses, resend, twilio, smsGateway, smtp].map((s) => s.close()))
    },
  }
}

if (import.meta.main) {
  const all = await startAll(Number(process.argv[2] ?? 1))
  process.stdout.write(
    JSON.stringify(
      {
        mailgun: {
          base_url: all.mailgun.url,
          domain: all.mailgun.domain,
          api_key: all.mailgun.apiKey,
          webhook_signing_key: all.mailgun.signingKey,
        },
        sendgrid: {
          base_url: all.sendgrid.url,
          api_key: all.sendgrid.apiKey,
          webhook_public_key: all.sendgrid.publicKey,
        },
        postmark: { base_url: all.postmark.url, server_token: all.postmark.token },
        ses: {
          base_url: all.ses.url,
          region: all.ses.region,
          access_key_id: all.ses.accessKeyId,
          secret_access_key: all.ses.secretAccessKey,
          topic_arn: all.ses.topicArn,
        },
        resend: { base_url: all.resend.url, api_key: all.resend.apiKey, webhook_secret: all.resend.webhookSecret },
        twilio: { base_url: all.twilio.url, account_sid: all.twilio.accountSid, auth_token: all.twilio.authToken },
        sms_http: {
          url: `${all.smsGateway.url}/send`,
          api_key: all.smsGateway.token,
          webhook_secret: all.smsGateway.webhookSecret,
        },
        smtp: { host: '127.0.0.1', port: all.smtp.port },
      },
      null,
      2,
    ) + '\n',
  )
  process.stderr.write('Simulators are running; each shows and takes controls at /_ctl. Ctrl-C stops them.\n')
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void all.close())
}
