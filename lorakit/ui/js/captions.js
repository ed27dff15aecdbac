// All that was changed travels with every change, as it is when it is sent (gate-left-out.js says why), so that
// none is lost when two come close together.
const changed = window.lorakitCaptions = {};
let waiting;
const send = () => { clearTimeout(waiting); trigger('input'); };
element.addEventListener('input', event => {
  const name = event.target.dataset.caption;
  if (name === undefined) return;
  changed[name] = event.target.value;
  clearTimeout(waiting);
  waiting = setTimeout(send, 400);
});
element.addEventListener('change', event => { if (event.target.dataset.caption !== undefined) send(); });
