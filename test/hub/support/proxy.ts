import { createServer, request as send } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

export interface Proxy {
  readonly url: string;
  /** What it was asked for: `HOST:PORT`, in order. */
  readonly asked: readonly string[];
  stop(): void;
}

/**
 * A proxy on loopback, for tunnels and for plain requests.
 * @param leadsTo where a host lies, `HOST:PORT`; by default where it says
 */
export async function startProxy(leadsTo: (host: string) => string = (host) => host): Promise<Proxy> {
  const asked: string[] = [];
  const placeOf = (host: string): { host: string; port: number } => {
    asked.push(host);
    const [name = '', port = '80'] = leadsTo(host).split(':');
    return { host: name, port: Number(port) };
  };
  const proxy = createServer((request, response) => {
    const { host, pathname, search } = new URL(request.url ?? '');
    const { method, headers } = request;
    const passed = send({ ...placeOf(host), path: pathname + search, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  proxy.on('connect', ({ url = '' }, socket) => {
    const target = connect(placeOf(url), () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    for (const end of [socket, target]) end.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    asked,
    stop() {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}
