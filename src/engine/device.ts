import { listSupportedBackends } from 'onnxruntime-node';
import { Fault } from '../map/fault.js';
import { DataType, Graph, node, valueInfo } from '../onnx/graph.js';
import type { Device, DeviceReport } from '../protocol/engine.js';
import { CUDA_LIBRARY, hasGpu, nativeFolder } from './cudaLibraries.js';
import { cudaStart } from './cudaStart.js';
import { Session, Tensor } from './session.js';

/**
 * Settles which device runs, by running something on it. `auto` tries CUDA where its library lies beside onnxruntime and falls
 * back to the CPU with a warning; a device that was asked for by name never falls back.
 * @throws Fault `device` that says what is missing and where it is to be had.
 */
export async function chooseDevice(asked: Device): Promise<DeviceReport> {
  try {
    return await choose(asked);
  } finally {
    cudaStart.settled();
  }
}

async function choose(asked: Device): Promise<DeviceReport> {
  if (asked === 'cpu') return { asked, used: 'cpu' };
  if (asked !== 'auto') {
    await proveDevice(asked);
    return { asked, used: asked };
  }
  if (process.platform !== 'linux' || !hasGpu()) return { asked, used: 'cpu' };
  try {
    await proveDevice('cuda');
    return { asked, used: 'cuda' };
  } catch (error) {
    const fault = Fault.from(error);
    return { asked, used: 'cpu', warning: `The GPU is not used: ${fault.message} ${fault.hint ?? ''}`.trim() };
  }
}

async function proveDevice(device: Exclude<Device, 'auto' | 'cpu'>): Promise<void> {
  const available = listSupportedBackends().map((backend) => backend.name);
  if (!available.includes(device))
    throw new Fault({
      code: 'device',
      message: `The device "${device}" does not exist on this platform.`,
      hint: `onnxruntime-node has here: ${available.filter((name) => name !== 'tensorrt').join(', ')}.`,
    });
  if (device === 'cuda') requireCudaLibrary();
  const graph = Graph.of(
    {
      node: [node('Add', ['x', 'x'], ['y'])],
      initializer: [],
      input: [valueInfo('x', DataType.FLOAT, [1])],
      output: [valueInfo('y', DataType.FLOAT, [1])],
      valueInfo: [],
    },
    new Map([['', 17]]),
    8n,
  );
  try {
    const session = await Session.create(graph, { folder: '.' }, { provider: device, prepack: false });
    await session.run({ x: new Tensor('float32', new Float32Array([1]), [1]) });
    await session.release();
  } catch (error) {
    const fault = Fault.from(error);
    throw new Fault({
      code: 'device',
      message: `The device "${device}" does not start.`,
      hint:
        device === 'cuda'
          ? 'It needs an NVIDIA driver, CUDA and cuDNN 9; the details name what failed. Or use "cpu".'
          : 'Use "cpu".',
      detail: fault.detail ?? fault.message,
    });
  }
}

/** CUDA's part of onnxruntime is not in the npm package, and must be of the same release. */
function requireCudaLibrary(): void {
  if (cudaStart.there) return;
  const { release } = nativeFolder();
  throw new Fault({
    code: 'device',
    message: cudaStart.problem ?? `onnxruntime's CUDA library (${CUDA_LIBRARY}) is missing.`,
    hint: `pip install "onnxruntime-gpu[cuda,cudnn]==${release}" into a Python environment, and name its folder with --cuda-libraries or in the setting "Cuda Libraries".`,
  });
}
