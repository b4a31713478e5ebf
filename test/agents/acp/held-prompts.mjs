// What the fixture agent does in scenarios about asking, denials, and what nobody was asked for.

/** The scenarios in which a denial ends the turn: the agent says so, or continues, or is denied every time. */
export function deniedPromptsOf({ say, ask }) {
  const usage = { inputTokens: 100, outputTokens: 10, totalTokens: 110 };
  const push = { toolCallId: 'p', kind: 'execute', title: 'push', rawInput: { command: 'git push' } };
  let prompts = 0;
  const ending = async (given) => {
    prompts += 1;
    if (prompts > 1) return void say(`told: ${given}`) ?? { usage };
    await ask(push);
    say('Info: Operation cancelled by user');
    return { usage };
  };
  return {
    denialEnds: ending,
    denialEndsAll: ending,
    async denialGoesOn() {
      await ask(push);
      say('Then without it.');
      return { usage };
    },
    async denialAlways() {
      await ask(push);
      return { usage };
    },
    async denialRefuses() {
      await ask(push);
      return { stopReason: 'refusal' };
    },
  };
}

/** The scenarios in which something is done that nobody was asked for. */
export function unaskedPromptsOf({ update, die, answerOf }) {
  const did = (toolCallId, fields, status = 'completed') =>
    update({ sessionUpdate: 'tool_call', toolCallId, title: toolCallId, status, ...fields });
  const ran = (id, command, status) => did(id, { kind: 'execute', rawInput: { command } }, status);
  const edited = (id, path) => did(id, { kind: 'edit', locations: [{ path }] });
  return {
    async unasked() {
      ran('pushes', 'git push origin HEAD', 'in_progress');
      update({ sessionUpdate: 'tool_call_update', toolCallId: 'pushes', status: 'completed' });
      update({ sessionUpdate: 'tool_call_update', toolCallId: 'pushes', status: 'completed' });
      edited('outside', '/elsewhere/x');
      edited('inside', '/w/tree/x');
      did('reads', { kind: 'read', locations: [{ path: '/elsewhere/x' }] });
      ran('allowed', 'npm test');
      await answerOf({ toolCallId: 'asked', kind: 'execute', rawInput: { command: 'rm -r /elsewhere/x' } });
      ran('asked', 'rm -r /elsewhere/x');
      ran('refusedByItself', 'rm -r /elsewhere/y', 'failed');
      did(
        'failed',
        { kind: 'execute', rawInput: { command: 'rm -r /elsewhere/z' }, rawOutput: { exit_code: 1 } },
        'failed',
      );
      ran('announced', 'rm -r /elsewhere/a', 'pending');
      ran('underWay', 'sleep 100', 'in_progress');
    },
    diesUnasked() {
      ran('underWay', 'git push', 'in_progress');
      die();
      return new Promise(() => undefined);
    },
    switches() {
      update({ sessionUpdate: 'current_mode_update', currentModeId: 'default' });
      update({ sessionUpdate: 'current_mode_update', currentModeId: 'yolo' });
    },
    async kimi() {
      const content = (text) => [{ type: 'content', content: { type: 'text', text } }];
      const call = { toolCallId: 'k1', kind: 'execute', title: 'Bash', status: 'pending' };
      update({ sessionUpdate: 'tool_call', ...call, content: content('{"command":"npm test"}') });
      await answerOf({ toolCallId: 'k1', title: 'Bash', content: content('Requesting approval to Running: npm test') });
    },
    async titled() {
      await answerOf({ toolCallId: 't1', kind: 'execute', title: 'npm test' });
    },
  };
}
