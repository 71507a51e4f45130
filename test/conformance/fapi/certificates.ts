import { X509Certificate } from 'node:crypto'
import { type Certificate, createCertificate } from '../../integration/certificate.ts'

export const SERVER_CERTIFICATE: Certificate = createCertificate('server')
/** The registered certificate of the client. */
export const CLIENT_CERTIFICATE: Certificate = createCertificate('client')
export const CLIENT_FINGERPRINT: string = new X509Certificate(CLIENT_CERTIFICATE.cert).fingerprint256
