package suite;

import static suite.Official.GSON;
import static suite.Official.json;

import com.google.gson.JsonObject;
import com.wechat.pay.java.service.transferbatch.TransferBatchService;
import com.wechat.pay.java.service.transferbatch.model.GetTransferBatchByNoRequest;
import com.wechat.pay.java.service.transferbatch.model.GetTransferBatchByOutNoRequest;
import com.wechat.pay.java.service.transferbatch.model.GetTransferDetailByNoRequest;
import com.wechat.pay.java.service.transferbatch.model.GetTransferDetailByOutNoRequest;
import com.wechat.pay.java.service.transferbatch.model.InitiateBatchTransferRequest;

/** By the official SDK, which decrypts users' names. */
final class OfficialBatches implements Batches {
  private final Official official;
  private final TransferBatchService service;

  OfficialBatches(Official official) {
    this.official = official;
    service = new TransferBatchService.Builder().config(official.config).build();
  }

  @Override
  public JsonObject start(JsonObject batch) {
    return json(service.initiateBatchTransfer(GSON.fromJson(batch, InitiateBatchTransferRequest.class)));
  }

  @Override
  public JsonObject byId(String id) {
    return json(service.getTransferBatchByNo(GSON.fromJson(Batches.query("batch_id", id), GetTransferBatchByNoRequest.class)));
  }

  @Override
  public JsonObject byNumber(String number) {
    return json(service.getTransferBatchByOutNo(
        GSON.fromJson(Batches.query("out_batch_no", number), GetTransferBatchByOutNoRequest.class)));
  }

  @Override
  public JsonObject detailById(String batch, String id) {
    JsonObject query = Shop.json("batch_id", batch, "detail_id", id);
    return json(service.getTransferDetailByNo(GSON.fromJson(query, GetTransferDetailByNoRequest.class)));
  }

  @Override
  public JsonObject detailByNumber(String batch, String number) {
    JsonObject query = Shop.json("out_batch_no", batch, "out_detail_no", number);
    return json(service.getTransferDetailByOutNo(GSON.fromJson(query, GetTransferDetailByOutNoRequest.class)));
  }

  @Override
  public Shop.Event read(Callback callback) {
    return official.read(callback, JsonObject.class);
  }
}
