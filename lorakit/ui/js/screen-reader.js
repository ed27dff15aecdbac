// What Gradio's markup does not tell a screen reader, or a voice that says what it reads. Each part is mended
// once, when it comes onto the page.
(() => {
  const words = part => part?.innerText.replace(/\s+/g, ' ').trim();
  const mend = {
    // Its name lacks the words that are read on it. With files in it, it shrinks into a second button.
    '.upload-container': button => {
      const label = words(button.closest('.block')?.querySelector('[data-testid="block-label"]'));
      const outer = button.parentElement.closest('button');
      const asked = outer ? 'add files' : words(button);
      button.setAttribute('aria-label', [label, asked].filter(Boolean).join(': '));
      if (!outer) return;
      for (const name of ['aria-haspopup', 'title']) outer.removeAttribute(name);
      outer.setAttribute('role', 'group');
      outer.setAttribute('aria-label', label || 'Files');
      outer.setAttribute('tabindex', '-1');
    },
    // Named by a number alone, and its caption is said twice. One more numbers all of them anew.
    '.thumbnail-item': thumbnail => {
      for (const item of thumbnail.parentElement.querySelectorAll(':scope > .thumbnail-item')) {
        const caption = words(item.querySelector('.caption-label'));
        if (!caption) continue;
        const number = item.getAttribute('aria-label').match(/\d+\D+\d+$/)?.[0] ?? '';
        item.setAttribute('aria-label', `${caption}, ${number}`);
        item.querySelector('img')?.setAttribute('alt', '');
      }
    },
    // A button around the button that closes it.
    '.toast-header': header => {
      header.removeAttribute('role');
      header.removeAttribute('tabindex');
    },
    // A table without headings, for the layout alone.
    '.file-preview': table => table.setAttribute('role', 'presentation'),
  };
  document.addEventListener('animationstart', event => {
    if (event.animationName !== 'lk-arrived') return;
    for (const [which, how] of Object.entries(mend)) if (event.target.matches(which)) how(event.target);
  });
})();
