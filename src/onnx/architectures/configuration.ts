import { isObject, type Json } from '../json.js';
import { unsupported } from '../source.js';

/**
 * What config.json states, read with care: every key that is read is remembered, so that in the end one that speaks of
 * arithmetic and that nobody read can be refused. A key that is left out has the value that transformers gives it.
 */
export class Configuration {
  private readonly seen = new Set<string>();

  constructor(
    readonly modelType: string,
    private readonly stated: Json,
    private readonly defaults: Json,
  ) {}

  /** The value of the first of some names that has one; null where it is stated so, undefined where nothing says anything. */
  private value(names: readonly string[]): unknown {
    for (const name of names) this.seen.add(name);
    const stated = names.find((name) => this.stated[name] !== undefined);
    if (stated !== undefined) return this.stated[stated];
    const known = names.find((name) => this.defaults[name] !== undefined);
    return known === undefined ? undefined : this.defaults[known];
  }

  /** A whole number above 0; undefined where it is left out or null. @throws ModelError for anything else. */
  optionalCount(...names: readonly string[]): number | undefined {
    const value = this.value(names);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    throw this.wrong(names, value, 'a whole number above 0');
  }

  /** The same where 0 says that there is none. */
  countOrNone(...names: readonly string[]): number | undefined {
    return this.value(names) === 0 ? undefined : this.optionalCount(...names);
  }

  count(...names: readonly string[]): number {
    const value = this.optionalCount(...names);
    if (value === undefined) throw this.wrong(names, undefined, 'a whole number above 0');
    return value;
  }

  optionalNumber(...names: readonly string[]): number | undefined {
    const value = this.value(names);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.wrong(names, value, 'a number');
  }

  number(...names: readonly string[]): number {
    const value = this.optionalNumber(...names);
    if (value === undefined) throw this.wrong(names, undefined, 'a number');
    return value;
  }

  /** Whether the value is exactly this. */
  isStated(name: string, value: unknown): boolean {
    return this.value([name]) === value;
  }

  /** Undefined where it is left out or null. */
  optionalFlag(...names: readonly string[]): boolean | undefined {
    const value = this.value(names);
    return value === undefined || value === null ? undefined : this.flag(...names);
  }

  /** False where it is left out or null. */
  flag(...names: readonly string[]): boolean {
    const value = this.value(names);
    if (value === undefined || value === null) return false;
    if (typeof value === 'boolean') return value;
    throw this.wrong(names, value, 'true or false');
  }

  text(...names: readonly string[]): string {
    const value = this.value(names);
    if (typeof value === 'string') return value;
    throw this.wrong(names, value, 'a word');
  }

  list(...names: readonly string[]): readonly unknown[] | undefined {
    const value = this.value(names);
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value)) return value as readonly unknown[];
    throw this.wrong(names, value, 'a list');
  }

  /** Two numbers, either of which may be without end. Newer releases of transformers write that as an object. */
  range(name: string): readonly [least: number, most: number] | undefined {
    const list = this.list(name)?.map((one) => (isObject(one) && '__float__' in one ? Number(one.__float__) : one));
    if (list === undefined) return undefined;
    const [least, most] = list;
    if (list.length === 2 && typeof least === 'number' && typeof most === 'number' && least <= most)
      return [least, most];
    throw this.wrong([name], this.stated[name], 'two numbers');
  }

  object(...names: readonly string[]): Json | undefined {
    const value = this.value(names);
    if (value === undefined || value === null) return undefined;
    if (isObject(value)) return value;
    throw this.wrong(names, value, 'an object');
  }

  /** An object of its own keys. */
  part(name: string, defaults: Json): Configuration {
    return new Configuration(this.modelType, this.object(name) ?? {}, defaults);
  }

  /** An object that stands somewhere in this one. */
  within(stated: Json): Configuration {
    return new Configuration(this.modelType, stated, {});
  }

  /** Names keys that mean nothing here: transformers does not read them either. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.seen.add(name);
  }

  /** Refuses a key that has any other value than those described. @throws ModelError `unsupported` naming it. */
  only(name: string, ...described: readonly unknown[]): void {
    const value = this.value([name]);
    if (value === undefined || value === null || described.includes(value)) return;
    throw unsupported(
      `"${name}": ${show(value)} in config.json is not described for ${this.modelType}: the model is not computed by guess.`,
    );
  }

  /**
   * Refuses a key that nobody read and whose name speaks of arithmetic, unless it has the value that means nothing.
   * @throws ModelError `unsupported` naming it.
   */
  refuseUnread(): void {
    for (const [name, value] of Object.entries(this.stated)) {
      if (this.seen.has(name) || BOOKKEEPING.test(name) || !ARITHMETIC.test(name)) continue;
      if (value === null || value === false || value === '' || value === this.defaults[name]) continue;
      throw unsupported(
        `config.json has "${name}": ${show(value)}, which is not described for ${this.modelType} and may change what the model computes.`,
      );
    }
  }

  private wrong(names: readonly string[], value: unknown, wanted: string): Error {
    const name = names.map((one) => `"${one}"`).join(' or ');
    return unsupported(
      `config.json should give ${name} as ${wanted}, but has ${value === undefined ? 'nothing' : show(value)}.`,
    );
  }
}

/** A value of config.json in a message. */
export const show = (value: unknown): string => JSON.stringify(value).slice(0, 80);

/** Words of what a model computes. */
const ARITHMETIC =
  /scal|mult|cap|clip|bias|norm|eps|rope|rotary|theta|window|sliding|attn|attention|head|expert|moe|router|act|residual|parallel|logit|embed|pos|alibi|layer|skip|mlp|ffn|ff_|sink|gate|gating|lora|rank|mamba|ssm|conv|chunk|sparse|query|key|value|tanh|relu|cross|prefix|share|per_layer|altup|quant|latent|bidirectional|causal/i;

/** Keys of training, generation, saving and of other heads than the language model's. */
const BOOKKEEPING =
  /^(_.*|architectures|auto_map|model_type|torch_dtype|dtype|transformers_version|transformers\.js_config|use_cache|pretraining_tp|slow_but_exact|attn_implementation|use_flash_attn|flash_attn.*|init.*|.*initializer.*|.*dropout.*|layerdrop|.*_?pdrop|.*_token_ids?|.*_token|summary_.*|classifier_.*|id2label|label2id|num_labels|problem_type|finetuning_task|task_specific_params|tokenizer_class|output_.*|return_dict.*|gradient_checkpointing|vocab_size|.*vocab.*|intermediate_size|ffn_dim|ffn_hidden_size|n_inner|moe_intermediate_size|shared_expert_intermediate_size|expansion_ratio|max_position_embeddings|n_positions|n_ctx|max_seq_len|max_sequence_length|model_max_length|seq_length|router_aux_loss_coef|router_z_loss_coef|.*aux_loss.*|.*jitter.*|chunk_size_feed_forward|pruned_heads|prefix|torchscript|use_bfloat16|tf_legacy_loss|cross_attention_hidden_size|is_decoder|is_llama_config|max_length|min_length|top_k|top_p|temperature|typical_p|.*_penalty|num_beams|num_beam_groups|do_sample|early_stopping|no_repeat_ngram_size|.*bad_words_ids|num_return_sequences|suppress_tokens|begin_suppress_tokens|remove_invalid_values|exponential_decay_length_penalty|unsloth.*|neftune.*|reorder_and_upcast_attn|attention_softmax_in_fp32|scale_attention_softmax_in_fp32|.*_loss_.*)$/;
