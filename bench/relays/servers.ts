import { makeCertificate } from '#sim/providers/certificate.ts'
import type { MachineOptions } from './machine.ts'

/** What a relay is told: where it listens, where it hands mail on, and how it sends reports back. */
export interface RelayPorts {
  /** takes the campaign: STARTTLS and a password, as port 587 does */
  submission: number
  /** where the mail of all others goes */
  next: number
  imap: number
  saslAuth: number
  /** address that takes posted reports */
  hook: string
  hookPassword: string
}

export const account = { user: 'shop', password: 'a password of the relay' }
export const shopDomain = 'cornercellars.test'
export const bounceAddress = `bounces@${shopDomain}`

function certificate(): Record<string, string> {
  const { pem, privateKey } = makeCertificate('mail.cornercellars.test')
  return {
    'etc/relay.crt': pem,
    'etc/relay.key': privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

/** Postfix, with Dovecot for the password and for the bounce mailbox: reports are read over IMAP. */
export function postfix(ports: RelayPorts): MachineOptions {
  return {
    packages: ['postfix', 'dovecot-core', 'dovecot-imapd', 'libexttextcat-2.0-0', 'liblua5.4-0', 'libwrap0'],
    users: { postfix: 5101, postdrop: 5102, dovecot: 5103, dovenull: 5104, vmail: 5105 },
    files: {
      ...certificate(),
      'etc/postfix/main.cf': `
compatibility_level = 3.6
queue_directory = /var/spool/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
maillog_file = /var/log/mail.log
myhostname = mail.${shopDomain}
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
alias_maps =
relayhost = [127.0.0.1]:${ports.next}
recipient_delimiter = +
virtual_mailbox_domains = ${shopDomain}
virtual_mailbox_base = /var/mail/shop
virtual_mailbox_maps = static:bounces/
virtual_uid_maps = static:5105
virtual_gid_maps = static:5105
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = /etc/relay.crt
smtpd_tls_key_file = /etc/relay.key
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:${ports.saslAuth}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
minimal_backoff_time = 5s
queue_run_delay = 5s
`,
      'etc/postfix/master.cf': `
127.0.0.1:${ports.submission} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`,
      'etc/relay-users': `${account.user}:{PLAIN}${account.password}:5105:5105::/var/mail/shop\n`,
      'etc/dovecot/relay.conf': `
protocols = imap
listen = 127.0.0.1
base_dir = /run/dovecot
log_path = /dev/stderr
ssl = yes
ssl_cert = </etc/relay.crt
ssl_key = </etc/relay.key
disable_plaintext_auth = yes
auth_mechanisms = plain login
first_valid_uid = 100
mail_location = maildir:/var/mail/shop/bounces
passdb {
  driver = passwd-file
  args = /etc/relay-users
}
userdb {
  driver = passwd-file
  args = /etc/relay-users
}
service imap-login {
  inet_listener imap {
    port = ${ports.imap}
  }
  inet_listener imaps {
    port = 0
  }
}
service auth {
  inet_listener {
    address = 127.0.0.1
    port = ${ports.saslAuth}
  }
}
`,
    },
    start: `mkdir -p /var/lib/postfix /var/spool/postfix /var/mail/shop/bounces /run/dovecot /var/log /var/lib/dovecot
chown postfix /var/lib/postfix
chown -R vmail:vmail /var/mail/shop
/usr/sbin/dovecot -c /etc/dovecot/relay.conf
exec /usr/sbin/postfix start-fg`,
  }
}

/**
 * OpenSMTPD; reports are piped to the command of docs/providers.md, which posts them. Without TLS, and so without a
 * password: the build of Debian 12 breaks off every handshake (its key process does not work with OpenSSL 3).
 */
export function openSmtpd(ports: RelayPorts): MachineOptions {
  return {
    packages: ['opensmtpd'],
    users: { opensmtpd: 5101, opensmtpq: 5102, shop: 5105 },
    files: {
      'etc/smtpd.conf': `
table everybody { "@" = shop }
listen on lo port ${ports.submission} hostname mail.${shopDomain}
action "out" relay host smtp://127.0.0.1:${ports.next}
action "reports" mda "/usr/local/bin/lma-bounce %{rcpt}" virtual <everybody>
match from any for domain "${shopDomain}" action "reports"
match from local for any action "out"
`,
      // Names are in /etc/hosts; a name server that does not answer would hold half of the connections for 5 s.
      'etc/resolv.conf': 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n',
      'usr/local/bin/lma-bounce': `#!/bin/sh
exec curl -sf --data-binary @- -H "Authorization: Bearer ${ports.hookPassword}" \\
  -H "Content-Type: message/rfc822" "${ports.hook}?recipient=$1"
`,
    },
    start: `mkdir -p /var/spool/smtpd /run
chmod 711 /var/spool/smtpd
exec /usr/sbin/smtpd -d -f /etc/smtpd.conf`,
  }
}
