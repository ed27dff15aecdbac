"""Training from the terminal: no finished adapter is touched, and nothing read is guessed."""

from lorakit.terminal.cli import main


def test_training_again_under_a_taken_name_leaves_the_finished_adapter(fake_training):
    calls, texts = fake_training
    assert [main(["voice", texts]), main(["voice", texts])] == [0, 0]
    assert [call.out.name for call in calls] == ["calm", "calm-2"]
