import type { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Files } from '../ports/files.ts'
import { checked } from './files-folder.ts'

export interface S3Options {
  bucket: string
  /** folder inside the bucket, '' or 'shop/' */
  prefix: string
  region: string
  /** another server than Amazon's, like http://minio:9000; addressed by path */
  endpoint: string | null
  /** absent: the SDK's own chain (role of the machine, of the task, of the pod) */
  credentials: { accessKeyId: string; secretAccessKey: string } | null
}

/** S3 takes parts of 5 MB and more, 10,000 at most: with growing parts that is about 1.5 TB. */
const partBytes = (part: number): number => (part <= 1_000 ? 8 : part <= 5_000 ? 64 : 256) * 1024 * 1024

/** Files in a bucket of S3, or of anything that speaks its language. The SDK is loaded at first use only. */
export function createS3(options: S3Options): Files {
  const at = (key: string) => ({ Bucket: options.bucket, Key: options.prefix + checked(key) })
  let opening: Promise<{ sdk: typeof import('@aws-sdk/client-s3'); client: S3Client }> | undefined
  const open = () =>
    (opening ??= import('@aws-sdk/client-s3').then((sdk) => ({
      sdk,
      client: new sdk.S3Client({
        region: options.region,
        ...(options.endpoint ? { endpoint: options.endpoint, forcePathStyle: true } : {}),
        ...(options.credentials ? { credentials: options.credentials } : {}),
        maxAttempts: 4,
        // Other servers do not know the newer checksums of Amazon's.
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
      }),
    })))

  async function put(key: string, source: AsyncIterable<Uint8Array>): Promise<number> {
    const { sdk, client } = await open()
    const place = at(key)
    let waiting: Uint8Array[] = []
    let size = 0
    let total = 0
    let uploadId: string | undefined
    const parts: { ETag: string | undefined; PartNumber: number }[] = []
    async function send(): Promise<void> {
      uploadId ??= (await client.send(new sdk.CreateMultipartUploadCommand(place))).UploadId
      const PartNumber = parts.length + 1
      const Body = Buffer.concat(waiting)
      waiting = []
      size = 0
      const { ETag } = await client.send(new sdk.UploadPartCommand({ ...place, UploadId: uploadId, PartNumber, Body }))
      parts.push({ ETag, PartNumber })
    }
    try {
      for await (const chunk of source) {
        waiting.push(chunk)
        size += chunk.length
        total += chunk.length
        if (size >= partBytes(parts.length + 1)) await send()
      }
      if (!uploadId) await client.send(new sdk.PutObjectCommand({ ...place, Body: Buffer.concat(waiting) }))
      else {
        if (size > 0) await send()
        await client.send(
          new sdk.CompleteMultipartUploadCommand({ ...place, UploadId: uploadId, MultipartUpload: { Parts: parts } }),
        )
      }
      return total
    } catch (error) {
      // Parts that belong to nothing cost money for ever.
      if (uploadId)
        await client.send(new sdk.AbortMultipartUploadCommand({ ...place, UploadId: uploadId })).catch(() => undefined)
      throw error
    }
  }

  const missing = (error: unknown): null => {
    const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
    if (name === 'NoSuchKey' || name === 'NotFound' || $metadata?.httpStatusCode === 404) return null
    throw error
  }

  return {
    kind: 's3',
    put,
    async read(key) {
      const { sdk, client } = await open()
      return client.send(new sdk.GetObjectCommand(at(key))).then((answer) => answer.Body as Readable, missing)
    },
    async size(key) {
      const { sdk, client } = await open()
      return client.send(new sdk.HeadObjectCommand(at(key))).then((answer) => answer.ContentLength ?? 0, missing)
    },
    async remove(key) {
      const { sdk, client } = await open()
      await client.send(new sdk.DeleteObjectCommand(at(key)))
    },
    async list(prefix) {
      const { sdk, client } = await open()
      const found: { key: string; bytes: number; at: Date }[] = []
      let token: string | undefined
      do {
        const page = await client.send(
          new sdk.ListObjectsV2Command({
            Bucket: options.bucket,
            Prefix: `${options.prefix}${prefix}/`,
            ...(token ? { ContinuationToken: token } : {}),
          }),
        )
        for (const { Key, Size, LastModified } of page.Contents ?? [])
          if (Key)
            found.push({ key: Key.slice(options.prefix.length), bytes: Size ?? 0, at: LastModified ?? new Date(0) })
        token = page.IsTruncated ? page.NextContinuationToken : undefined
      } while (token)
      return found
    },
    location: (key) => `s3://${options.bucket}/${options.prefix}${checked(key)}`,
    async link(key, name, seconds) {
      const [{ sdk, client }, { getSignedUrl }] = await Promise.all([open(), import('@aws-sdk/s3-request-presigner')])
      const command = new sdk.GetObjectCommand({
        ...at(key),
        ResponseContentDisposition: `attachment; filename="${name.replace(/[^\w.-]+/g, '_')}"`,
      })
      // The two packages carry their own copies of the same types.
      return getSignedUrl(client as never, command as never, { expiresIn: seconds })
    },
    async close() {
      if (opening) (await opening).client.destroy()
    },
  }
}
