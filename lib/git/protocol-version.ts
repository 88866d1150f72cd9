/** The version that a `Git-Protocol` header asks for, among those that we speak: gitprotocol-http(5), "Git-Protocol". */
export function protocolVersion(header: string | undefined): 0 | 2 {
  return (header ?? '').split(':').includes('version=2') ? 2 : 0;
}
