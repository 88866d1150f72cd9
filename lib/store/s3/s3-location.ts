/** Where in which S3 things are kept. What is not said here, the client finds in its own environment. */
export interface S3Location {
  readonly bucket: string;
  /** Without a slash at either end; may be empty. */
  readonly prefix: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** Whether the bucket is named in the path and not in the host. */
  readonly pathStyle?: boolean | undefined;
}

/** The location as people may see it. */
export function nameOf({ bucket, prefix }: S3Location): string {
  return prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
}
