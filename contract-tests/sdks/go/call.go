package main

import (
	"net/http"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
)

// get makes a call that the SDK has no service for, and reads its verified response into answer, unless that is nil.
func (s *shop) get(path string, answer any) error {
	return s.call(http.MethodGet, path, nil, nil, answer)
}

// post does the same with a body, unless that is nil.
func (s *shop) post(path string, body, answer any) error {
	return s.call(http.MethodPost, path, nil, body, answer)
}

// postSealed also lets the SDK encrypt those fields of the body, a pointer, that its tags say are to be.
func (s *shop) postSealed(path string, body, answer any) error {
	serial, err := s.client.EncryptRequest(s.ctx, body)
	if err != nil {
		return err
	}
	return s.call(http.MethodPost, path, http.Header{consts.WechatPaySerial: {serial}}, body, answer)
}

func (s *shop) call(method, path string, header http.Header, body, answer any) error {
	result, err := s.client.Request(s.ctx, method, consts.WechatPayAPIServer+path, header, nil, body, "")
	if err != nil || answer == nil {
		return err
	}
	return core.UnMarshalResponse(result.Response, answer)
}
