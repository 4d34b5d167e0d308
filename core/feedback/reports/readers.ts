import type { ProviderKindName } from '../../delivery/providers/kinds.ts'
import { readBounceMail } from './bounce-mail.ts'
import { readMailgun } from './mailgun.ts'
import { readPostmark } from './postmark.ts'
import type { ReportReader } from './report.ts'
import { readResend } from './resend.ts'
import { readSendgrid } from './sendgrid.ts'
import { readSes } from './ses.ts'
import { readSmsHttp } from './sms-http.ts'
import { readTwilio } from './twilio.ts'

/** Who reads the stored events of which kind of provider. */
export const readers: Record<ProviderKindName, ReportReader> = {
  smtp: readBounceMail,
  mailgun: readMailgun,
  sendgrid: readSendgrid,
  postmark: readPostmark,
  ses: readSes,
  resend: readResend,
  twilio: readTwilio,
  sms_http: readSmsHttp,
}
