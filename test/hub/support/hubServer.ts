import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One answer of the server, instead of the usual one; true: it has answered. */
export type Trouble = (request: IncomingMessage, response: ServerResponse, at: 'hub' | 'cdn') => boolean;

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/**
 * A hub and the server that it sends large files to, on loopback: the revision's list with sizes and hashes, HEAD and GET of
 * files with ETags and linked ETags, redirects, Range.
 */
export class HubServer {
  readonly requests: {
    readonly at: 'hub' | 'cdn';
    readonly line: string;
    readonly headers: IncomingMessage['headers'];
  }[] = [];
  trouble: Trouble = () => false;
  /** Left out of the list, so that the file's own headers have to say it. */
  listsHashes = true;
  /** Whether the revision's answer lists the files; else the tree alone does, two on a page. */
  listsFiles = true;
  gated = false;
  private constructor(
    private readonly hub: Server,
    private readonly cdn: Server,
    private readonly files: ReadonlyMap<string, Buffer>,
    /** Files of at least this size lie on the other server. */
    private readonly largeFrom: number,
  ) {}

  static async start(files: Readonly<Record<string, Buffer | string>>, largeFrom = 1000): Promise<HubServer> {
    const all = new Map(Object.entries(files).map(([name, data]) => [name, Buffer.from(data)]));
    const servers = [createServer(), createServer()] as const;
    const own = new HubServer(servers[0], servers[1], all, largeFrom);
    servers[0].on('request', (request, response) => own.answer(request, response, 'hub'));
    servers[1].on('request', (request, response) => own.answer(request, response, 'cdn'));
    for (const server of servers) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    return own;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.hub.address() as AddressInfo).port}`;
  }
  private get elsewhere(): string {
    return `http://127.0.0.1:${(this.cdn.address() as AddressInfo).port}`;
  }

  stop(): void {
    for (const server of [this.hub, this.cdn]) {
      server.closeAllConnections();
      server.close();
    }
  }

  private answer(request: IncomingMessage, response: ServerResponse, at: 'hub' | 'cdn'): void {
    this.requests.push({ at, line: `${request.method ?? ''} ${request.url ?? ''}`, headers: request.headers });
    if (this.trouble(request, response, at)) return;
    const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '');
    if (at === 'cdn') return this.bytes(request, response, path.slice(1));
    if (path === '/api/models') return this.found(request, response);
    const listed = /^\/api\/models\/ORG\/NAME\/revision\/(.+)$/.exec(path);
    if (listed) {
      if (!['main', 'v1', COMMIT].includes(listed[1] ?? ''))
        return this.fail(response, 404, { 'x-error-code': 'RevisionNotFound' });
      const siblings = [...this.files].map(([rfilename, data]) => ({
        rfilename,
        ...(this.listsHashes
          ? {
              size: data.length,
              blobId: gitHash(data),
              ...(this.isLarge(data) ? { lfs: { sha256: sha256(data), size: data.length, pointerSize: 134 } } : {}),
            }
          : {}),
      }));
      response.setHeader('content-type', 'application/json');
      if (!this.listsFiles) {
        response.end(JSON.stringify({ id: 'ORG/NAME', sha: COMMIT }));
        return;
      }
      response.end(
        JSON.stringify({ id: 'ORG/NAME', sha: COMMIT, gated: this.gated, cardData: { license: 'mit' }, siblings }),
      );
      return;
    }
    if (path === `/api/models/ORG/NAME/tree/${COMMIT}`) {
      const first = Number(new URL(request.url ?? '', this.endpoint).searchParams.get('cursor') ?? 0);
      const entries = [...this.files].map(([name, data]) => ({
        type: 'file',
        oid: gitHash(data),
        size: data.length,
        path: name,
        ...(this.isLarge(data) ? { lfs: { oid: sha256(data), size: data.length, pointerSize: 134 } } : {}),
      }));
      if (first + 2 < entries.length)
        response.setHeader('link', `<${this.endpoint}${path}?recursive=true&cursor=${first + 2}>; rel="next"`);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(entries.slice(first, first + 2)));
      return;
    }
    const [, commit, name = ''] = /^\/ORG\/NAME\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const data = commit === COMMIT ? this.files.get(name) : undefined;
    if (!data)
      return this.fail(response, 404, { 'x-error-code': commit === undefined ? 'RepoNotFound' : 'EntryNotFound' });
    response.setHeader('x-repo-commit', COMMIT);
    if (!this.isLarge(data)) return this.bytes(request, response, name);
    response.writeHead(302, {
      location: `${this.elsewhere}/${encodeURIComponent(name)}`,
      'x-linked-etag': `"${sha256(data)}"`,
      'x-linked-size': String(data.length),
      etag: '"of the redirect"',
    });
    response.end();
  }

  /** What a search finds: this repository by a part of its name, and one that holds nothing that opens. */
  private found(request: IncomingMessage, response: ServerResponse): void {
    const text = new URL(request.url ?? '', this.endpoint).searchParams.get('search') ?? '';
    const all = [
      { id: 'ORG/NAME', downloads: 1234, gated: this.gated && 'manual', tags: ['onnx', 'license:mit'] },
      { id: 'ORG/NAME-pickled', downloads: 99, gated: false, tags: ['pytorch'] },
      { id: 'ORG/NAME-paints', downloads: 98, gated: false, tags: ['onnx'], pipeline_tag: 'text-to-image' },
    ];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(all.filter(({ id }) => id.toLowerCase().includes(text.toLowerCase()))));
  }

  private fail(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
    response.writeHead(status, headers);
    response.end();
  }

  private bytes(request: IncomingMessage, response: ServerResponse, name: string): void {
    const data = this.files.get(name);
    if (!data) return this.fail(response, 404);
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
    const start = from === undefined ? 0 : Number(from);
    if (start >= data.length && from !== undefined) return this.fail(response, 416);
    const headers = {
      etag: `"${gitHash(data)}"`,
      'content-length': String(data.length - start),
      'accept-ranges': 'bytes',
    };
    if (from === undefined) response.writeHead(200, headers);
    else response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${data.length - 1}/${data.length}` });
    response.end(request.method === 'HEAD' ? undefined : data.subarray(start));
  }

  private isLarge(data: Buffer): boolean {
    return data.length >= this.largeFrom;
  }
}

export const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
const gitHash = (data: Buffer): string => createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex');
