// A real kernel for the page, and its cells: `new Cells(kernel, show)` runs code and shows what it gives.

import { CommsOverSubshells, KernelConnection, ServerConnection } from "@jupyterlab/services";

/**
 * The kernel that the test named in `window.kernel`. Hosts but JupyterLab use no subshells: what the page sends waits while a
 * cell runs. `rate`: bytes a second, all messages together, that reach the page.
 */
export function connect({ handleComms, rate = Infinity }) {
  const { baseUrl, token, model } = window.kernel;
  const serverSettings = ServerConnection.makeSettings({
    baseUrl,
    wsUrl: baseUrl.replace("http", "ws"),
    token,
    appendToken: true,
    WebSocket: paced(rate),
  });
  const commsOverSubshells = CommsOverSubshells.Disabled;
  return new KernelConnection({ model, serverSettings, handleComms, commsOverSubshells });
}

function paced(rate) {
  return class extends WebSocket {
    #free = 0; // when all that came before has passed
    #before = Promise.resolve();

    set onmessage(receive) {
      super.onmessage = (event) => {
        this.#before = this.#before.then(async () => {
          const size = event.data.byteLength ?? event.data.length;
          this.#free = Math.max(this.#free, performance.now()) + (size / rate) * 1000;
          const wait = this.#free - performance.now();
          if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
          receive(event);
        });
      };
    }
  };
}

const VIEW = "application/vnd.jupyter.widget-view+json";

export class Cells {
  #kernel;
  #showView;
  #displays = new Map();

  /** `showView(data, element)` shows a widget's view. */
  constructor(kernel, showView) {
    this.#kernel = kernel;
    this.#showView = showView;
  }

  /** Runs `code` in a new cell; `hear` gets every message that comes of it. */
  run(code, hear = () => {}) {
    const cell = document.createElement("section");
    cell.className = "cell";
    cell.dataset.state = "running";
    document.querySelector("main").append(cell);
    const future = this.#kernel.requestExecute({ code });
    future.onIOPub = (message) => {
      hear(message);
      this.#show(message, cell);
    };
    future.done.then(() => {
      cell.dataset.state = "done";
    });
  }

  #show({ header, content }, cell) {
    const element = document.createElement("div");
    element.className = "output";
    switch (header.msg_type) {
      case "stream":
        element.textContent = content.text;
        break;
      case "error":
        element.textContent = `${content.ename}: ${content.evalue}`;
        break;
      case "execute_result":
      case "display_data":
        this.#fill(element, content.data);
        if (content.transient?.display_id) this.#displays.set(content.transient.display_id, element);
        break;
      case "update_display_data": {
        const shown = this.#displays.get(content.transient.display_id);
        if (shown) this.#fill(shown, content.data);
        return;
      }
      default:
        return;
    }
    cell.append(element);
  }

  #fill(element, data) {
    element.replaceChildren();
    if (data[VIEW]) this.#showView(data[VIEW], element);
    else if (data["text/html"]) element.innerHTML = data["text/html"];
    else element.textContent = data["text/plain"];
  }
}
