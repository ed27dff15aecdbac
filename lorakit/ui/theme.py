"""The app's look: system fonts, a calm surface, one warm accent. Nothing is fetched from elsewhere."""

import gradio as gr

SANS = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "monospace"]


def theme() -> gr.themes.Base:
    """The theme, for `launch`."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.orange, secondary_hue=gr.themes.colors.stone, neutral_hue=gr.themes.colors.stone,
        font=SANS, font_mono=MONO, radius_size=gr.themes.sizes.radius_lg, spacing_size=gr.themes.sizes.spacing_md,
    ).set(
        body_background_fill="#faf8f5", body_background_fill_dark="#faf8f5",
        block_background_fill="#ffffff", block_border_color="#ebe5dc", block_border_width="1px",
        block_label_background_fill="#ffffff", block_label_text_color="#6b6259", block_label_text_weight="500",
        button_primary_background_fill="#c2501c", button_primary_background_fill_hover="#a84315",
        button_primary_text_color="#ffffff", button_secondary_background_fill="#f1ece4",
        button_secondary_background_fill_hover="#e7dfd3", button_secondary_text_color="#3b342d",
        input_background_fill="#fffdfa", input_border_color="#e2d9cc", slider_color="#c2501c",
        checkbox_background_color_selected="#c2501c", body_text_color="#2b2520", body_text_color_subdued="#6b6259",
    )  # fmt: skip


# The theme is light only, whatever the system prefers: product pictures are judged on a light page.
# The style stands in the head because Gradio limits `css` to what is inside its container.
HEAD = """<meta name="color-scheme" content="light">
<style>@media (max-width: 640px) { .gradio-container { min-width: 0 !important; max-width: 100vw !important; width: 100vw; }
.gradio-container main, .gradio-container .wrap { min-width: 0 !important; max-width: 100%; }
.gradio-container .row { flex-wrap: wrap; } .gradio-container .row > .column { flex: 1 1 100% !important; min-width: 0 !important; max-width: 100%; }
.gradio-container > .main { padding: 10px !important; min-width: 0; max-width: 100vw; } }</style>
<script>
if (document.body) document.body.classList.remove('dark');
new MutationObserver(() => document.body && document.body.classList.remove('dark'))
  .observe(document.documentElement, {subtree: true, attributes: true, attributeFilter: ['class']});
</script>"""

CSS = """
.gradio-container { max-width: 1240px !important; margin: 0 auto !important; }
.studio-head { display: flex; align-items: center; gap: 14px; padding: 6px 4px 0; }
.studio-head .mark { width: 40px; height: 40px; border-radius: 12px; background: linear-gradient(135deg, #e8773a, #c2501c);
  position: relative; flex: none; }
.studio-head .mark::before, .studio-head .mark::after { content: ""; position: absolute; background: #fff; border-radius: 3px; }
.studio-head .mark::before { left: 10px; top: 9px; width: 7px; height: 22px; }
.studio-head .mark::after { left: 20px; top: 19px; width: 11px; height: 12px; opacity: .8; }
.studio-head h1 { font-size: 1.35rem; margin: 0; letter-spacing: -.01em; }
.studio-head p { margin: 0; color: #6b6259; font-size: .95rem; }
.note { background: #fdf3ea; border: 1px solid #f4dcc5; border-radius: 12px; padding: 10px 14px; color: #6a3d1e;
  font-size: .9rem; line-height: 1.45; }
.note b { color: #4d2a12; }
.hero { background: linear-gradient(120deg, #fff6ee, #fdeee1) !important; border: 1px solid #f4dcc5 !important;
  border-radius: 16px !important; padding: 16px !important; }
.hero h2 { margin: 0 0 2px; font-size: 1.08rem; } .hero p { margin: 0; color: #6a3d1e; font-size: .92rem; }
.html-container { padding: 0 !important; }
.step { font-weight: 600; font-size: 1.02rem; margin: 4px 0 0; }
.step span { display: inline-flex; width: 24px; height: 24px; border-radius: 50%; background: #c2501c; color: #fff;
  align-items: center; justify-content: center; font-size: .82rem; margin-right: 8px; }
.step em { display: block; font-style: normal; font-weight: 400; color: #6b6259; font-size: .88rem; margin-top: 3px; }
.status { border: 1px solid #ebe5dc; border-radius: 14px; background: #fff; padding: 16px 18px; }
.status .top { display: flex; justify-content: space-between; gap: 12px; align-items: baseline; flex-wrap: wrap; }
.status .what { font-weight: 600; }
.status .left { color: #6b6259; font-size: .9rem; }
.status .bar { height: 8px; border-radius: 4px; background: #f1ece4; margin: 10px 0 6px; overflow: hidden; }
.status .bar i { display: block; height: 100%; background: #c2501c; border-radius: 4px; transition: width .6s; }
.status.done .bar i { background: #3f8f5b; } .status.failed .bar i { background: #b3261e; }
.status .say { color: #6b6259; font-size: .9rem; } .status.failed .say { color: #8c1d18; }
.empty { border: 1.5px dashed #dccfbd; border-radius: 14px; padding: 34px 20px; text-align: center; color: #6b6259; }
.empty b { display: block; color: #2b2520; font-size: 1.02rem; margin-bottom: 4px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 10px; margin-top: 10px; }
.facts div { background: #faf8f5; border-radius: 10px; padding: 10px 12px; }
.facts b { display: block; font-size: 1.08rem; } .facts span { color: #6b6259; font-size: .82rem; }
.finding { display: flex; gap: 10px; padding: 7px 0; border-top: 1px solid #f1ece4; font-size: .9rem; overflow-wrap: anywhere; }
.finding i { flex: none; width: 9px; height: 9px; border-radius: 50%; margin-top: 6px; background: #8fa7b8; }
.finding.warn i { background: #e0a030; } .finding.error i { background: #b3261e; }
.copy { border: 1px solid #ebe5dc; border-radius: 14px; background: #fff; padding: 14px 16px; margin-bottom: 10px;
  white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5; }
.copy .count { display: flex; gap: 10px; align-items: center; color: #6b6259; font-size: .82rem; margin-top: 8px; }
.copy .count .meter { flex: 1; height: 4px; background: #f1ece4; border-radius: 2px; overflow: hidden; }
.copy .count .meter i { display: block; height: 100%; background: #3f8f5b; }
.sum { font-size: 1.02rem; padding: 6px 2px; } .sum b { color: #c2501c; font-size: 1.25rem; }
footer { opacity: .6; }
@media (max-width: 640px) { .studio-head p { font-size: .85rem; } .studio-head h1 { font-size: 1.15rem; } }
"""
