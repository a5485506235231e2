import './cudaStart.js'; // before anything loads onnxruntime
import { type Message, serve } from '../protocol/channel.js';
import { EngineService } from './service.js';

serve(
  {
    send: (message) => {
      if (process.connected) process.send?.(message);
    },
    // The parent is our own program; its messages were typed where they were made.
    onMessage: (listener) => void process.on('message', (message) => listener(message as Message)),
  },
  new EngineService().handlers,
);
