// VS Code's own widget manager (`ipywidgets.js`, from npm's @vscode/jupyter-ipywidgets8), driven as its Jupyter extension does.

import { activate } from "./ipywidgets.js";
import { Cells, connect } from "./kernel.js";

const RATE = 1024 * 1024; // bytes a second: every message goes through the extension's process and back

// Desktop VS Code is built without AAC.
const { canPlayType } = HTMLMediaElement.prototype;
HTMLMediaElement.prototype.canPlayType = function (type) {
  return /mp4a|aac/.test(type) ? "" : canPlayType.call(this, type);
};

// It says so, rather than open one.
window.open = () => {
  throw new Error("window.open is not supported in VS Code's web views");
};

activate();
window.vscIPyWidgets8.load();

const kernel = connect({ handleComms: true, rate: RATE });
const widgetsRegisteredInRequireJs = new Set();
const manager = new window.vscIPyWidgets.WidgetManager(
  kernel,
  undefined,
  {
    widgetsRegisteredInRequireJs,
    async loadWidgetScript(name) {
      window.requirejs.config({ paths: { [name]: `${location.origin}/nbextensions/${name}/index` } });
      widgetsRegisteredInRequireJs.add(name);
    },
    successHandler() {},
    errorHandler(className, moduleName, moduleVersion, error) {
      console.error(`${moduleName} ${moduleVersion} has no ${className}`, error);
    },
  },
  () => {},
);

async function showView(data, element) {
  const wrapper = document.createElement("div");
  wrapper.className = "cell-output-ipywidget-background";
  wrapper.tabIndex = 0;
  wrapper.setAttribute("role", "region");
  wrapper.setAttribute("aria-label", "Interactive widget output");
  element.append(wrapper);
  const model = await manager.get_model(data.model_id);
  const view = await manager.create_view(model, { el: wrapper });
  await manager.display_view(data, view, { node: wrapper });
  setTimeout(() => pressByKeys(wrapper), 500);
}

// The extension gives what is there half a second later a key handler of its own.
function pressByKeys(wrapper) {
  for (const element of wrapper.querySelectorAll("button:not([tabindex]), a[href]:not([tabindex])")) {
    element.tabIndex = 0;
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      element.click();
    });
  }
}

const cells = new Cells(kernel, showView);
window.run = (code) => cells.run(code);
