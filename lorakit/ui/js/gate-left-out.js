() => {
  // The names of all unticked photos travel with every tick. They are read when the tick is sent: of ticks that
  // wait for an answer to an earlier one, Gradio would send the first one's data (6.31).
  const unticked = document.querySelectorAll(`#${$GRID} input[data-name]:not(:checked)`);
  return [[...unticked].map(box => box.dataset.name)];
}
